import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import type { TerminalSize } from "../../step/index.ts";
import { isOurs, killLeftovers, killTree } from "../kill-tree.ts";
import { joinStdin, LateStream } from "../late-stream.ts";
import { watchOom } from "../oom.ts";
import { ignoreClosedReader } from "../pipe-streams.ts";
import { CONTROL_END, encodeResize } from "../record.ts";
import type { ResidentStep } from "../resident-steps.ts";
import { residentKilled } from "../trial.ts";
import { startError } from "../start-error.ts";
import { StepReport } from "../step-report.ts";
import { conclude, type SupervisedStep } from "../supervised.ts";
import type { Ending, Running } from "../types.ts";
import type { HelperResident } from "./resident.ts";

/** How long the last message of a killed keeper may take to arrive. */
const LAST_WORD_MS = 100;
/** Residents that end while a step is on its way to them. One is chance, three are not. */
const ATTEMPTS = 3;

/** A step that a keeper of a {@link HelperResident} starts and supervises. */
export class HelperStep implements Running, ResidentStep {
  readonly stdin: PassThrough | undefined;
  readonly stdout: LateStream = new LateStream();
  readonly stderr: LateStream = new LateStream();
  /** Until then nothing of it runs, and none of its timeout is used. */
  readonly started: Promise<void>;
  readonly ended: Promise<Ending>;
  readonly delivered: Promise<boolean>;
  readonly #report: StepReport = new StepReport();
  readonly #find: () => Promise<HelperResident>;
  readonly #of: Pick<SupervisedStep, "step" | "container">;
  #resident: HelperResident | undefined;
  #number = 0;
  #control: Socket | undefined;
  #requests: Socket | undefined;
  /** For the keeper, before there is one. */
  #messages: Uint8Array[] = [];
  /** The pids of the keeper and its child, from the request's socket; used only if the keeper is killed. */
  #said: Buffer = Buffer.alloc(0);
  #isReleased = false;

  /** @param find Gives the resident that lives. */
  constructor(
    find: () => Promise<HelperResident>,
    of: Pick<SupervisedStep, "step" | "container" | "sharedRoot">,
    request: Buffer,
    wantsStdin: boolean,
  ) {
    this.#find = find;
    this.#of = of;
    this.stdin = wantsStdin ? new PassThrough() : undefined;
    this.stdin?.on("error", () => undefined);
    const started = this.#start(request).catch((error: unknown) => {
      this.stdout.end();
      this.stderr.end();
      throw startError("the step", error);
    });
    this.started = started.then(
      () => undefined,
      () => undefined,
    );
    const wasOutOfMemory = watchOom(of.container);
    this.ended = started
      .then(() => this.#report.record)
      .then((record) => conclude(record, { ...of, wasOutOfMemory, child: () => this.#child() }));
    this.delivered = started.then(
      () => this.#report.delivered,
      () => true,
    );
  }

  onRecord(record: Buffer): void {
    this.#report.receive(record);
  }

  onLost(): void {
    this.#report.lose();
  }

  signal(signal: number, wholeTree: boolean): void {
    this.#tell(Uint8Array.of(wholeTree ? signal | CONTROL_END : signal));
  }

  resize(size: TerminalSize): void {
    this.#tell(encodeResize(size));
  }

  killLeftovers(): Promise<void> {
    return killLeftovers(this.#of.step.id, this.#of.container);
  }

  abandon(): void {
    // With a record of its end, the resident has reaped the keeper, and its number may be another process's.
    if (this.#isReleased || this.#report.hasEnd) return;
    const keeper = this.#processes?.[0];
    if (keeper !== undefined && isOurs(keeper)) killTree(keeper);
    this.#resident?.abandon(this.#number);
  }

  release(): void {
    this.#isReleased = true;
    // Nobody listens to its records any more. What there is of it is killed and removed, and its turn is over.
    if (!this.#report.hasEnd) this.#report.lose();
    this.#resident?.release(this.#number);
    // The keeper treats that as "output no longer wanted".
    this.#control?.destroy();
    this.#requests?.destroy();
  }

  async #start(request: Buffer): Promise<void> {
    const [requests, control, stdout, stderr, stdin] = await this.#connect(this.stdin ? 5 : 4);
    if (!requests || !control || !stdout || !stderr || !this.#resident) throw new Error("connections are missing");
    if (this.#isReleased) {
      // Given up while a resident was waited for: it must not begin.
      this.#resident.release(this.#number);
      for (const connection of [requests, control, stdout, stderr, stdin]) connection?.destroy();
      throw residentKilled();
    }
    this.#requests = ignoreClosedReader(requests);
    requests.on("data", (chunk: Buffer) => (this.#said = Buffer.concat([this.#said, chunk])));
    requests.end(request);
    this.#control = ignoreClosedReader(control);
    for (const message of this.#messages) control.write(message);
    this.#messages = [];
    this.stdout.follow(stdout);
    this.stderr.follow(stderr);
    if (stdin && this.stdin) joinStdin(this.stdin, ignoreClosedReader(stdin));
    this.#resident.begin(this.#number, this.stdin ? 5 : 4);
  }

  async #connect(count: number): Promise<Socket[]> {
    for (let attempt = 1; ; attempt++) {
      const resident = await this.#find();
      try {
        const { number, connections } = await resident.connect(this, count);
        this.#resident = resident;
        this.#number = number;
        return connections;
      } catch (error) {
        // It was killed: nothing of the step has begun.
        if (resident.isAlive || attempt === ATTEMPTS) throw error;
      }
    }
  }

  #tell(message: Uint8Array): void {
    if (!this.#control) this.#messages.push(message);
    else if (this.#control.writable) this.#control.write(message);
  }

  get #processes(): readonly [keeper: number, child: number] | undefined {
    return this.#said.length === 8 ? [this.#said.readInt32LE(0), this.#said.readInt32LE(4)] : undefined;
  }

  async #child(): Promise<number | undefined> {
    const closed = new Promise<void>((resolve) => {
      if (!this.#requests || this.#requests.readableEnded || this.#requests.closed) return resolve();
      this.#requests.once("close", () => resolve()).once("end", () => resolve());
    });
    await Promise.race([closed, delay(LAST_WORD_MS)]);
    return this.#processes?.[1];
  }
}
