import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

import { ExecutorError, isObject } from "../errors/index.ts";
import { parseLine, readId, readRequest, type ClientRequest, type Id } from "./client-request.ts";
import type { GocdConsole } from "./execute-task.ts";
import type { Handle } from "./request.ts";
import type { RequestLine } from "./request-lines.ts";

/** How much may wait for a client that does not read, until its requests are not read either. */
const MOST_UNREAD = 1024 * 1024;

/** What a client is told of an error. */
function describe(error: unknown): { code: string; message: string } {
  if (error instanceof ExecutorError) return { code: error.code, message: error.message };
  const text = error instanceof Error ? error.message : String(error);
  return { code: "INTERNAL_ERROR", message: `unexpected error, please report it: ${text}` };
}

/** Serves one client to its end. */
export class Session {
  readonly #handle: Handle;
  readonly #output: Writable;
  /** By id: how to cancel what the client waits for. */
  readonly #pending = new Map<Id, AbortController>();
  readonly #answered = new Set<Promise<void>>();
  readonly #gone = new AbortController();
  #draining: Promise<void> | undefined;

  constructor(handle: Handle, input: Readable, output: Writable) {
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
      const fields = parseLine(line);
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

  #start(request: ClientRequest): void {
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
