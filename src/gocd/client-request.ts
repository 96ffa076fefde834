import { isUtf8 } from "node:buffer";

import { ExecutorError, isObject } from "../errors/index.ts";
import type { RequestLine } from "./request-lines.ts";
import { invalidRequest } from "./task-fields.ts";

const LONGEST_ID = 200;

/** A client's own name for a request. */
export type Id = string | number;

/** A request of a client. */
export interface ClientRequest {
  id: Id;
  name: string;
  version: string | undefined;
  body: unknown;
}

/** The fields of a line. @throws ExecutorError INVALID_JSON, INVALID_REQUEST or REQUEST_TOO_LONG. */
export function parseLine(line: RequestLine): Readonly<Record<string, unknown>> {
  if (line instanceof ExecutorError) throw line;
  if (!isUtf8(line)) {
    throw new ExecutorError("INVALID_JSON", { problem: "a line is not valid UTF-8", remedy: "send JSON in UTF-8" });
  }
  let value: unknown;
  try {
    value = JSON.parse(line.toString());
  } catch {
    // Not with the parser's own words: they quote the line, and that may hold secrets.
    throw new ExecutorError("INVALID_JSON", { problem: "a line is no JSON", remedy: "send one object in each line" });
  }
  if (!isObject(value)) throw invalidRequest("a line is no JSON object", "send one object in each line");
  return value;
}

/** @throws ExecutorError INVALID_REQUEST. */
export function readId(id: unknown): Id {
  if (typeof id === "string" && id !== "" && id.length <= LONGEST_ID) return id;
  if (typeof id === "number" && Number.isSafeInteger(id)) return id;
  throw invalidRequest(
    id === undefined ? "a request has no id" : "the id of a request is no string and no whole number",
    `give a string of 1 to ${LONGEST_ID} characters, or a whole number`,
  );
}

const FIELDS: ReadonlySet<string> = new Set(["id", "request", "version", "body"]);

/** @throws ExecutorError INVALID_REQUEST. */
export function readRequest(id: Id, fields: Readonly<Record<string, unknown>>): ClientRequest {
  // A list of masked variables in the wrong place would show them all.
  const unknown = Object.keys(fields).find((name) => !FIELDS.has(name));
  if (unknown !== undefined) {
    throw invalidRequest(
      `a request has no field ${JSON.stringify(unknown.slice(0, 100))}`,
      "give id, request, version and body; what a request needs is in its body",
    );
  }
  const { request: name, version, body } = fields;
  if (typeof name !== "string") {
    throw invalidRequest("a request has no name", "give configuration, validate, view, execute or cancel");
  }
  if (version !== undefined && typeof version !== "string") {
    throw invalidRequest("the version of a request is no string", 'give "1.0", or leave it out');
  }
  return { id, name, version, body };
}
