import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Duplex, Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import type { Container } from "../../container/index.ts";
import type { PreparedStep, SharedRoot } from "../../step/index.ts";
import { childOutput, childStream } from "../child-streams.ts";
import { containerSlots, SLOT } from "../descriptor-slots.ts";
import { killLeftovers, killTree } from "../kill-tree.ts";
import { watchOom } from "../oom.ts";
import { ignoreClosedReader } from "../pipe-streams.ts";
import { CONTROL_END, encodeResize } from "../record.ts";
import { encodeRequest } from "../request.ts";
import { startError } from "../start-error.ts";
import { conclude, readStatus, type Status } from "../supervised.ts";
import { TRIAL_PATIENCE_MS } from "../trial.ts";
import type { Backend, Ending, Running } from "../types.ts";
import { tryHelper } from "./try-helper.ts";

/** How long what a killed helper said may take to come. */
const LAST_WORD_MS = 100;

/** The same helper as the native backend's, started by node:child_process where there is no FFI. */
export class HelperBackend implements Backend {
  readonly name = "helper";
  readonly reason: string;
  readonly limitations: readonly string[] = ["starting a step copies this process's page tables (no FFI)"];
  readonly canSetGroups = true;
  readonly hasTerminals = true;
  readonly #path: string;
  readonly #container: Container;
  readonly #sharedRoot: SharedRoot | undefined;
  readonly #slots: readonly [number, number][];

  constructor(path: string, container: Container, sharedRoot: SharedRoot | undefined, reason: string) {
    this.#path = path;
    this.#container = container;
    this.#sharedRoot = sharedRoot;
    this.#slots = containerSlots(container, sharedRoot);
    this.reason = reason;
  }

  /**
   * Starts the helper for a trial, and to remove scripts that a crash left in the shared root.
   *
   * @throws Unavailable, errors of node:child_process, ExecutorError HELPER_LOST.
   */
  async probe(): Promise<void> {
    await tryHelper(this.#path);
    if (!this.#sharedRoot) return;
    const stdio: ("ignore" | number)[] = Array.from({ length: SLOT.scriptDirectory }, () => "ignore");
    const child = spawn(this.#path, ["r"], {
      env: {},
      stdio: [...stdio, this.#sharedRoot.fd],
      timeout: TRIAL_PATIENCE_MS,
      killSignal: "SIGKILL",
    });
    // What cannot be tidied up stays, and steps run all the same.
    await once(child, "exit");
  }

  start(step: PreparedStep, stdin: boolean): Running {
    const request = encodeRequest(this.#container, step, stdin);
    const stdio: ("ignore" | "pipe" | number)[] = Array.from({ length: SLOT.namespaces }, () => "ignore");
    for (const slot of [SLOT.request, SLOT.status, SLOT.control]) stdio[slot] = "pipe";
    for (const [fd, slot] of this.#slots) stdio[slot] = fd;
    stdio[SLOT.stdout] = stdio[SLOT.stderr] = "pipe";
    if (stdin) stdio[SLOT.stdin] = "pipe";
    // "copy": run from a sealed copy of yourself.
    const child = spawn(this.#path, ["copy"], { env: {}, stdio, detached: true, cwd: "/" });
    const failed = new Promise<never>((_, reject) => {
      child.once("error", (error) => reject(startError("the helper", error)));
    });
    const pipe = childStream(child, SLOT.status) as Readable | undefined;
    const status = pipe && readStatus(pipe);
    const stdinStream = childStream(child, SLOT.stdin) as Writable | undefined;
    const tell = (message: Uint8Array): void => {
      const control = childStream(child, SLOT.control) as Writable | undefined;
      if (control?.writable) control.write(message);
    };
    return {
      stdin: stdinStream && ignoreClosedReader(stdinStream),
      stdout: childOutput(child, SLOT.stdout),
      stderr: childOutput(child, SLOT.stderr),
      ended: this.#supervise(child, failed, step, request, status),
      delivered: status?.delivered ?? Promise.resolve(true),
      signal: (signal, wholeTree) => tell(Uint8Array.of(wholeTree ? signal | CONTROL_END : signal)),
      resize: (size) => tell(encodeResize(size)),
      killLeftovers: () => killLeftovers(step.id, this.#container),
      abandon: () => {
        if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killTree(child.pid);
      },
      release: () => {
        pipe?.destroy();
        // The helper takes that for the word that nobody wants any more output.
        childStream(child, SLOT.control)?.destroy();
        // Node reaps it; nobody needs to wait for that.
        child.unref();
      },
    };
  }

  close(): void {
    // Nothing is kept between steps.
  }

  async #supervise(
    helper: ChildProcess,
    failed: Promise<never>,
    step: PreparedStep,
    request: Buffer,
    status: Status | undefined,
  ): Promise<Ending> {
    const wasOutOfMemory = watchOom(this.#container);
    const control = childStream(helper, SLOT.control) as Writable | undefined;
    const requests = childStream(helper, SLOT.request) as Duplex | undefined;
    try {
      // Without a process there are no streams either, and the error event tells why.
      if (!status || !control || !requests || helper.pid === undefined) return await failed;
      for (const stream of [control, requests]) ignoreClosedReader(stream);
      const child = readHelpersChild(requests);
      requests.end(request);
      const record = await Promise.race([status.record, failed]);
      const container = this.#container;
      return await conclude(record, { step, container, sharedRoot: this.#sharedRoot, wasOutOfMemory, child });
    } finally {
      // Whoever still holds its other end, a helper that a guest stopped, shall not keep the agent from ending.
      requests?.destroy();
    }
  }
}

/** What the helper says of its child on the request's socket; it matters only where the helper is killed. */
function readHelpersChild(requests: Readable): () => Promise<number | undefined> {
  let said = Buffer.alloc(0);
  requests.on("data", (chunk: Buffer) => (said = Buffer.concat([said, chunk])));
  const closed = new Promise<void>((resolve) => {
    requests.once("close", () => resolve()).once("end", () => resolve());
  });
  return async () => {
    await Promise.race([closed, delay(LAST_WORD_MS)]);
    return said.length === 4 ? said.readInt32LE(0) : undefined;
  };
}
