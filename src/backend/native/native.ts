import type { Container } from "../../container/index.ts";
import { SystemError } from "../../errors/index.ts";
import type { PreparedStep, SharedRoot } from "../../step/index.ts";
import { ABOVE_SLOTS, containerSlots, SLOT } from "../descriptor-slots.ts";
import { watchOom } from "../oom.ts";
import { killLeftovers, killTree } from "../kill-tree.ts";
import { readPipe, readToClose, writePipe } from "../pipe-streams.ts";
import { CONTROL_END, encodeResize } from "../record.ts";
import { encodeRequest } from "../request.ts";
import { startError } from "../start-error.ts";
import { conclude, readStatus, type SupervisedStep } from "../supervised.ts";
import { judgeTrial, TRIAL_PATIENCE_MS, type Trial } from "../trial.ts";
import type { Backend, Running } from "../types.ts";
import type { Libc } from "./libc.ts";
import { Reaper } from "./reaper.ts";
import { SealedHelper } from "./sealed-helper.ts";
import { StepPipes } from "./step-pipes.ts";

const SIGKILL = 9;

/** The helper, started by posix_spawn in our own process: nothing of our memory is copied. */
export class NativeBackend implements Backend {
  readonly name = "native";
  readonly reason: string;
  readonly limitations: readonly string[] = [];
  readonly canSetGroups = true;
  readonly hasTerminals = true;
  readonly #libc: Libc;
  readonly #helper: SealedHelper;
  readonly #reaper: Reaper;
  readonly #container: Container;
  readonly #sharedRoot: SharedRoot | undefined;
  readonly #slots: readonly [number, number][];
  /** Tighter than ABOVE_SLOTS: what a program opens is mostly above it already, and is not moved then. */
  readonly #above: number;

  constructor(
    libc: Libc,
    program: Uint8Array,
    container: Container,
    sharedRoot: SharedRoot | undefined,
    reason: string,
  ) {
    this.#libc = libc;
    this.#helper = new SealedHelper(libc, program);
    this.#reaper = new Reaper(libc);
    this.#container = container;
    this.#sharedRoot = sharedRoot;
    this.reason = reason;
    // Copies above the slots: in a child, one dup2 after the other would overwrite what lies among them.
    const slots: [number, number][] = [];
    this.#slots = slots;
    try {
      for (const [fd, slot] of containerSlots(container, sharedRoot)) {
        slots.push([libc.copyAbove(fd, ABOVE_SLOTS), slot]);
      }
      this.#above = Math.max(SLOT.control, ...slots.map(([, slot]) => slot)) + 1;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Starts the helper for a trial, and to remove scripts that a crash left in the shared root.
   *
   * @throws Unavailable, SystemError, ExecutorError HELPER_LOST.
   */
  async probe(): Promise<void> {
    await this.#tryHelper();
    const root = this.#slots.find(([, slot]) => slot === SLOT.scriptDirectory);
    if (root) await this.#runHelper("r", [root]);
  }

  async #tryHelper(): Promise<void> {
    const [read, write] = this.#libc.pipe();
    const report = readToClose(readPipe(read));
    let given = write;
    let ended: Promise<Omit<Trial, "report">>;
    try {
      given = this.#libc.moveAbove(write, this.#above);
      ended = this.#runHelper("v", [[given, SLOT.status]]);
    } finally {
      this.#libc.close(given);
    }
    judgeTrial({ ...(await ended), report: await report }, false);
  }

  async #runHelper(mode: string, descriptors: readonly [number, number][]): Promise<Omit<Trial, "report">> {
    const pid = this.#helper.spawn(["k8s-executor-helper", mode], descriptors);
    let isLate = false;
    // A guest that sees our processes can stop it. It is reaped when the timer is off, so until then the number is its own.
    const impatient = setTimeout(() => {
      isLate = true;
      this.#libc.kill(pid, SIGKILL);
    }, TRIAL_PATIENCE_MS);
    await this.#libc.wait(pid).finally(() => clearTimeout(impatient));
    let end = this.#libc.reap(pid);
    for (; !end; end = this.#libc.reap(pid)) await this.#libc.wait(pid);
    return { end, isLate };
  }

  start(step: PreparedStep, stdin: boolean): Running {
    const pipes = new StepPipes(this.#libc, this.#above);
    let pid: number;
    try {
      pipes.giveRequest(encodeRequest(this.#container, step, stdin));
      if (stdin) pipes.open("stdin");
      for (const name of ["stdout", "stderr", "status", "control"] as const) pipes.open(name);
      pid = this.#helper.spawn(["k8s-executor-helper"], [...pipes.given, ...this.#slots]);
    } catch (error) {
      pipes.closeAll();
      throw startError("the step", error);
    }
    pipes.closeGiven();
    return this.#running(step, pid, pipes);
  }

  close(): void {
    this.#helper.close();
    for (const [fd] of this.#slots) this.#libc.close(fd);
  }

  #running(step: PreparedStep, pid: number, pipes: StepPipes): Running {
    const libc = this.#libc;
    const wasOutOfMemory = watchOom(this.#container);
    const pipe = readPipe(pipes.ours("status"));
    const status = readStatus(pipe);
    let control: number | undefined = pipes.ours("control");
    const supervised: SupervisedStep = {
      step,
      container: this.#container,
      sharedRoot: this.#sharedRoot,
      wasOutOfMemory,
      child: () => pipes.helpersChild,
    };
    const tell = (message: Uint8Array): void => {
      if (control === undefined) return;
      try {
        libc.write(control, message);
      } catch (error) {
        // EPIPE: it has just ended. EAGAIN: it is stopped and has more waiting than a pipe holds.
        if (!(error instanceof SystemError && (error.code === "EPIPE" || error.code === "EAGAIN"))) throw error;
      }
    };
    return {
      stdin: pipes.has("stdin") ? writePipe(pipes.ours("stdin")) : undefined,
      stdout: readPipe(pipes.ours("stdout")),
      stderr: readPipe(pipes.ours("stderr")),
      ended: status.record.then((record) => conclude(record, supervised)),
      delivered: status.delivered,
      signal: (signal, wholeTree) => tell(Uint8Array.of(wholeTree ? signal | CONTROL_END : signal)),
      resize: (size) => tell(encodeResize(size)),
      killLeftovers: () => killLeftovers(step.id, this.#container),
      abandon: () => {
        // Nobody reaps it before it is released, so the number is still its own.
        if (control !== undefined) killTree(pid);
      },
      release: () => {
        pipe.destroy();
        // The helper takes that for the word that nobody wants any more output.
        if (control !== undefined) libc.close(control);
        control = undefined;
        pipes.closeRequest();
        this.#reaper.add(pid);
      },
    };
  }
}
