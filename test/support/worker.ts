import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Readable, Writable } from "node:stream";

import { LineSplitter } from "../../src/process/line-splitter.ts";
import { CLI, startCli } from "./cli.ts";

/** What a worker sends. */
export type Message = Readonly<Record<string, unknown>>;

/** The body of an execute request. */
export function task(script: string, variables: Readonly<Record<string, unknown>> = {}, more: object = {}): object {
  const context = { workingDirectory: "", environmentVariables: variables };
  return { config: { script: { value: script }, shtype: { value: "sh" } }, context, ...more };
}

/** Whole lines, of any length. */
async function* wholeLines(stream: Readable): AsyncGenerator<string, void, undefined> {
  const splitter = new LineSplitter();
  let beginning: string[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (const { text, isPartial } of splitter.add(chunk)) {
      beginning.push(text);
      if (isPartial) continue;
      yield beginning.join("");
      beginning = [];
    }
  }
  assert.deepEqual([beginning, splitter.end()], [[], []], "the worker ends each message with a newline");
}

/** A client of a worker: writes lines, and reads them one by one. */
export class Client {
  readonly input: Writable;
  readonly #lines: AsyncGenerator<string, void, undefined>;
  /** Messages of requests that nobody waited for yet. */
  #others: Message[] = [];

  constructor(input: Writable, output: Readable) {
    this.input = input;
    this.#lines = wholeLines(output);
    input.on("error", () => undefined);
  }

  send(message: object | string): void {
    this.input.write(`${typeof message === "string" ? message : JSON.stringify(message)}\n`);
  }

  execute(id: string | number, ...how: Parameters<typeof task>): void {
    this.send({ id, request: "execute", body: task(...how) });
  }

  /** The next message; undefined at the end. */
  async next(): Promise<Message | undefined> {
    return this.#others.shift() ?? this.#read();
  }

  async #read(): Promise<Message | undefined> {
    const next = await this.#lines.next();
    return next.done ? undefined : (JSON.parse(next.value) as Message);
  }

  /** The messages up to the answer of a request. Those of others are kept for whoever waits for them. */
  async untilAnswer(id: string | number): Promise<{ console: Message[]; answer: Message }> {
    const console: Message[] = [];
    const earlier = this.#others.filter((message) => message["id"] === id);
    this.#others = this.#others.filter((message) => message["id"] !== id);
    for (;;) {
      const message = earlier.shift() ?? (await this.#read());
      assert.ok(message, `the worker ended before it answered ${id}`);
      if (message["id"] !== id) {
        this.#others.push(message);
        continue;
      }
      if (message["response"] !== undefined || message["error"] !== undefined) return { console, answer: message };
      console.push(message);
    }
  }

  /** Sends a task and waits for its answer. */
  async run(id: string | number, ...how: Parameters<typeof task>): ReturnType<Client["untilAnswer"]> {
    this.execute(id, ...how);
    return this.untilAnswer(id);
  }
}

/** A worker on stdin and stdout. */
export function startWorker(args: readonly string[]): { child: ChildProcess; client: Client } {
  const child = startCli(["worker", ...args], { stdio: ["pipe", "pipe", "inherit"] });
  return { child, client: new Client(child.stdin as Writable, child.stdout as Readable) };
}

/** A worker on a socket, when it listens. */
export async function startSocketWorker(path: string, args: readonly string[]): Promise<ChildProcess> {
  const child = startCli(["worker", "--socket", path, ...args], { stdio: ["ignore", "inherit", "pipe"] });
  const [said] = (await Promise.race([once(child.stderr as Readable, "data"), once(child, "exit")])) as [unknown];
  assert.equal(String(said), `k8s-executor: listening on ${path}\n`, `${CLI} worker`);
  child.stderr?.pipe(process.stderr);
  return child;
}

/** Connects to a worker. */
export async function connectTo(path: string): Promise<{ socket: Socket; client: Client }> {
  const socket = connect(path);
  await once(socket, "connect");
  return { socket, client: new Client(socket, socket) };
}

/** Its exit status, or the signal that ended it. */
export async function endOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return child.exitCode ?? child.signalCode;
}
