import { isUtf8 } from "node:buffer";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

import { ExecutorError } from "../errors/index.ts";
import type { GocdConsole } from "./execute-task.ts";
import type { Handle } from "./request.ts";
import { RequestLines, type RequestLine } from "./request-lines.ts";
import { invalidRequest, isObject } from "./task-fields.ts";

/** How much may wait for a client that does not read, until its requests are not read either. */
const MOST_UNREAD = 1024 * 1024;
const LONGEST_ID = 200;
/** How long a client that does not read is waited for when the worker closes. */
const STUCK_MS = 1000;

/** A client of a worker. */
export interface GocdConnection {
  input: Readable;
  /** The same stream as the input, for a socket. */
  output: Writable;
  /** What the end of the input means: that the client has gone, or that it has no more to ask. */
  atEnd: "cancel" | "finish";
}

type Id = string | number;

interface Request {
  id: Id;
  name: string;
  version: string | undefined;
  body: unknown;
}

function parse(line: RequestLine): Readonly<Record<string, unknown>> {
  if (line instanceof ExecutorError) throw line;
  let value: unknown;
  try {
    if (!isUtf8(line)) throw new SyntaxError("it is not UTF-8");
    value = JSON.parse(line.toString());
  } catch {
    // Not with the parser's own words: they quote the line, and that may hold secrets.
    throw new ExecutorError("INVALID_JSON", { problem: "a line is no JSON", remedy: "send one object in each line" });
  }
  if (!isObject(value)) throw invalidRequest("a line is no JSON object", "send one object in each line");
  return value;
}

function readId(id: unknown): Id {
  if (typeof id === "string" && id !== "" && id.length <= LONGEST_ID) return id;
  if (typeof id === "number" && Number.isSafeInteger(id)) return id;
  throw invalidRequest(
    id === undefined ? "a request has no id" : "the id of a request is no string and no whole number",
    `give a string of 1 to ${LONGEST_ID} characters, or a whole number`,
  );
}

const FIELDS: ReadonlySet<string> = new Set(["id", "request", "version", "body"]);

function readRequest(id: Id, fields: Readonly<Record<string, unknown>>): Request {
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

/** What a client is told of an error. */
function describe(error: unknown): { code: string; message: string } {
  if (error instanceof ExecutorError) return { code: error.code, message: error.message };
  const text = error instanceof Error ? error.message : String(error);
  return { code: "INTERNAL_ERROR", message: `unexpected error, please report it: ${text}` };
}

/** Serves one client to its end. */
class Session {
  readonly #handle: Handle;
  readonly #output: Writable;
  /** By id: how to cancel what the client waits for. */
  readonly #pending = new Map<Id, AbortController>();
  readonly #answered = new Set<Promise<void>>();
  readonly #gone = new AbortController();
  #draining: Promise<void> | undefined;

  constructor(handle: Handle, { input, output }: GocdConnection) {
    this.#handle = handle;
    this.#output = output;
    const leave = (): void => {
      this.#gone.abort();
      this.cancelAll();
      input.destroy();
    };
    output.on("error", leave).once("close", leave);
  }

  get isGone(): boolean {
    return this.#gone.signal.aborted;
  }

  /** One line of the client's. It is answered in time, and others meanwhile. */
  accept(line: RequestLine): void {
    if (Buffer.isBuffer(line) && line.toString("latin1").trim() === "") return;
    let id: Id | undefined;
    try {
      const fields = parse(line);
      id = readId(fields["id"]);
      this.#start(readRequest(id, fields));
    } catch (error) {
      this.#write([{ id: id ?? null, error: describe(error) }]);
    }
  }

  cancelAll(): void {
    for (const cancel of this.#pending.values()) cancel.abort();
  }

  /** Whether so little waits for the client that it may ask for more. */
  get hasRoom(): boolean {
    return this.isGone || this.#output.writableLength <= MOST_UNREAD;
  }

  /** Resolves when there is room again. */
  async room(): Promise<void> {
    while (!this.hasRoom) await this.#drained();
  }

  async allAnswered(): Promise<void> {
    await Promise.all(this.#answered);
  }

  #start(request: Request): void {
    const { id, name, version, body } = request;
    if (this.#pending.has(id)) {
      throw new ExecutorError("DUPLICATE_ID", {
        problem: `the request ${JSON.stringify(id)} is not answered yet`,
        remedy: "give each request an id of its own",
      });
    }
    if (name === "cancel") return this.#cancel(id, body);
    const cancel = new AbortController();
    this.#pending.set(id, cancel);
    const console: GocdConsole = async (lines) => {
      if (!this.#write(lines.map((line) => ({ id, ...line })))) await this.#drained();
    };
    const answer = this.#handle({ request: name, version, body }, { signal: cancel.signal, console });
    const answered = this.#answer(id, answer).finally(() => this.#answered.delete(answered));
    this.#answered.add(answered);
  }

  async #answer(id: Id, answer: Promise<object>): Promise<void> {
    const message = await answer.then(
      (response) => ({ id, response }),
      (error: unknown) => ({ id, error: describe(error) }),
    );
    this.#pending.delete(id);
    this.#write([message]);
  }

  #cancel(id: Id, body: unknown): void {
    const target = readId(isObject(body) ? body["id"] : undefined);
    const found = this.#pending.get(target);
    this.#write([{ id, response: { canceled: found !== undefined } }]);
    found?.abort();
  }

  /** @returns Whether the client keeps up. */
  #write(messages: readonly object[]): boolean {
    // Nobody reads it, and nobody shall wait.
    if (this.isGone || this.#output.writableEnded) return true;
    return this.#output.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(""));
  }

  /** One wait for all, for many tasks may wait. */
  async #drained(): Promise<void> {
    if (!this.#output.writableNeedDrain) return;
    this.#draining ??= once(this.#output, "drain", this.#gone)
      .then(
        () => undefined,
        // The client has gone.
        () => undefined,
      )
      .finally(() => (this.#draining = undefined));
    await this.#draining;
  }
}

/** Takes a client's lines until its end, or until the signal fires. The stream stays open, for it may be the output too. */
function readLines(input: Readable, session: Session, over: AbortSignal): Promise<void> {
  const lines = new RequestLines();
  const accept = (some: Iterable<RequestLine>): void => {
    for (const line of some) session.accept(line);
    if (session.hasRoom) return;
    input.pause();
    void session.room().then(() => input.resume());
  };
  return new Promise((resolve) => {
    const onData = (chunk: Buffer): void => accept(lines.add(chunk));
    const stop = (): void => {
      input.off("data", onData).off("close", stop).pause();
      over.removeEventListener("abort", stop);
      resolve();
    };
    over.addEventListener("abort", stop);
    // One that fails closes, too, and that is its end.
    input.on("error", () => undefined).once("close", stop);
    input.once("end", () => {
      accept(lines.end());
      stop();
    });
    if (over.aborted || input.closed) stop();
    else input.on("data", onData);
  });
}

/** Ends a stream and waits until all is taken; after the signal has fired, not for ever. */
function flush(output: Writable, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const finish = (): void => {
      clearTimeout(timer);
      over.removeEventListener("abort", giveUp);
      output.destroy();
      resolve();
    };
    const giveUp = (): void => {
      timer = setTimeout(finish, STUCK_MS);
    };
    if (over.aborted) giveUp();
    else over.addEventListener("abort", giveUp);
    output.once("close", finish).end(finish);
  });
}

/**
 * Serves a client until it has gone, or has ended its input and got all of its answers.
 *
 * @param over No more is read then, and a client that does not read is not waited for.
 */
export async function serve(handle: Handle, connection: GocdConnection, over: AbortSignal): Promise<void> {
  const { input, output, atEnd } = connection;
  const session = new Session(handle, connection);
  await readLines(input, session, over);
  if (atEnd === "cancel" || session.isGone) session.cancelAll();
  await session.allAnswered();
  await flush(output, over);
}
