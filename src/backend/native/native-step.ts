import type { Writable } from "node:stream";

import { SystemError } from "../../errors/index.ts";
import type { TerminalSize } from "../../step/index.ts";
import { isOurs, killLeftovers, killTree } from "../kill-tree.ts";
import { watchOom } from "../oom.ts";
import { writePipe } from "../pipe-streams.ts";
import { CONTROL_END, encodeRefusal, encodeResize } from "../record.ts";
import { StepReport } from "../step-report.ts";
import { conclude, type SupervisedStep } from "../supervised.ts";
import { residentKilled } from "../trial.ts";
import type { Ending, Running } from "../types.ts";
import { LatePipe } from "./late-pipe.ts";
import type { Libc } from "./libc.ts";
import type { Resident, SentStep } from "./resident.ts";
import type { StepPipes } from "./step-pipes.ts";

/** Residents that end while a step is on its way to them. One is chance, three are not: a container can kill each in time. */
const ATTEMPTS = 3;

/** A step that a keeper of the resident's starts and supervises. */
export class NativeStep implements Running, SentStep {
  readonly stdin: Writable | undefined;
  readonly stdout: LatePipe;
  readonly stderr: LatePipe;
  readonly ended: Promise<Ending>;
  readonly delivered: Promise<boolean>;
  readonly descriptors: readonly number[];
  readonly #libc: Libc;
  readonly #report: StepReport;
  readonly #pipes: StepPipes;
  readonly #of: Pick<SupervisedStep, "step" | "container">;
  #control: number | undefined;
  #resident: Resident | undefined;
  #find: () => Resident = () => {
    throw new Error("the step has not been sent");
  };
  #number: number | undefined;
  #attempts = 0;
  #isGivenUp = false;
  /** The keeper's child, once the request that tells of it is closed. */
  #child: number | undefined;

  constructor(libc: Libc, of: Pick<SupervisedStep, "step" | "container" | "sharedRoot">, pipes: StepPipes) {
    this.#libc = libc;
    this.#of = of;
    this.#pipes = pipes;
    this.descriptors = pipes.given;
    const stdin = pipes.take("stdin");
    this.stdin = stdin < 0 ? undefined : writePipe(stdin);
    const stdout = (this.stdout = new LatePipe(libc, pipes.take("stdout")));
    const stderr = (this.stderr = new LatePipe(libc, pipes.take("stderr")));
    this.#control = pipes.take("control");
    this.#report = new StepReport({
      hasOutput: (stream) => (stream === 1 ? stdout : stderr).open(),
      isOver: (open) => {
        for (const [bit, stream] of [
          [0b10, stdout],
          [0b100, stderr],
        ] as const) {
          if (open & bit) stream.open();
          else stream.finish();
        }
      },
    });
    this.delivered = this.#report.delivered;
    const wasOutOfMemory = watchOom(of.container);
    const child = (): number | undefined => pipes.processes?.child ?? this.#child;
    this.ended = this.#report.record.then((record) => conclude(record, { ...of, wasOutOfMemory, child }));
  }

  /**
   * Throws what `find` throws, a SystemError, or ExecutorError HELPER_LOST.
   *
   * @param find Gives the resident that lives, for another may have to be found.
   */
  sendTo(find: () => Resident): void {
    this.#find = find;
    do {
      if (this.#attempts++ === ATTEMPTS) throw residentKilled();
      this.#resident = find();
      this.#number = this.#resident.start(this);
    } while (this.#number === undefined);
  }

  onSent(): void {
    this.#pipes.closeGiven();
  }

  onRecord(record: Buffer): void {
    this.#report.receive(record);
  }

  onLost(): void {
    this.#report.lose();
  }

  onUnsent(): void {
    if (this.#isGivenUp) return this.#report.lose();
    try {
      this.sendTo(this.#find);
    } catch {
      // Another resident cannot be started. The loss of the first is the better error.
      this.#report.lose();
    }
  }

  onFailed(error: unknown): void {
    this.#report.receive(encodeRefusal(error));
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
    this.#isGivenUp = true;
    // Then the resident has reaped the keeper, and its number may be another process's.
    if (this.#control === undefined || this.#report.hasEnd) return;
    const processes = this.#pipes.processes;
    if (processes && isOurs(processes.keeper)) killTree(processes.keeper);
    if (this.#number !== undefined) this.#resident?.abandon(this.#number);
  }

  release(): void {
    this.#isGivenUp = true;
    if (!this.#report.hasEnd) {
      // Nobody listens to its records any more. What there is of it is killed and removed, and its turn is over.
      this.#child = this.#pipes.processes?.child;
      this.#report.lose();
    }
    this.#letGo();
  }

  /** It was never sent, and will not be: closes all that it has. */
  discard(): void {
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream?.destroy();
    this.#letGo();
  }

  #letGo(): void {
    if (this.#number !== undefined) this.#resident?.release(this.#number);
    // The keeper treats that as "output no longer wanted".
    if (this.#control !== undefined) this.#libc.close(this.#control);
    this.#control = undefined;
    this.#pipes.close();
  }

  #tell(message: Uint8Array): void {
    if (this.#control === undefined) return;
    try {
      this.#libc.write(this.#control, message);
    } catch (error) {
      // EPIPE: it has just ended. EAGAIN: it is stopped and has more waiting than a pipe holds.
      if (!(error instanceof SystemError && (error.code === "EPIPE" || error.code === "EAGAIN"))) throw error;
    }
  }
}
