import type { Container } from "../../container/index.ts";
import type { PreparedStep, SharedRoot } from "../../step/index.ts";
import { ABOVE_SLOTS, containerSlots } from "../descriptor-slots.ts";
import { encodeRequest } from "../request.ts";
import { startError } from "../start-error.ts";
import { servingInTime } from "../trial.ts";
import type { Backend, Running } from "../types.ts";
import type { Libc } from "./libc.ts";
import { NativeStep } from "./native-step.ts";
import { Resident } from "./resident.ts";
import { SealedHelper } from "./sealed-helper.ts";
import { spawnResident } from "./spawn-resident.ts";
import { StepPipes } from "./step-pipes.ts";
import { trySealedHelper } from "./try-sealed-helper.ts";

/** Steps by a resident of our own, which is started by posix_spawn once: nothing of our memory is copied. */
export class NativeBackend implements Backend {
  readonly name = "native";
  readonly reason: string;
  readonly limitations: readonly string[] = [];
  readonly canSetGroups = true;
  readonly hasTerminals = true;
  readonly #libc: Libc;
  readonly #helper: SealedHelper;
  readonly #container: Container;
  readonly #sharedRoot: SharedRoot | undefined;
  readonly #slots: [number, number][] = [];
  #resident: Resident | undefined;
  #isClosed = false;

  constructor(
    libc: Libc,
    program: Uint8Array,
    container: Container,
    sharedRoot: SharedRoot | undefined,
    reason: string,
  ) {
    this.#libc = libc;
    this.#helper = new SealedHelper(libc, program);
    this.#container = container;
    this.#sharedRoot = sharedRoot;
    this.reason = reason;
    try {
      for (const [fd, slot] of containerSlots(container, sharedRoot)) {
        this.#slots.push([libc.copyAbove(fd, ABOVE_SLOTS), slot]);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Starts the helper for a trial, and then as the resident, which removes scripts that a crash left in the shared root.
   *
   * @throws Unavailable, SystemError, ExecutorError HELPER_LOST.
   */
  async probe(): Promise<void> {
    await trySealedHelper(this.#libc, this.#helper);
    await servingInTime(this.#living().ready);
  }

  start(step: PreparedStep, stdin: boolean): Running {
    const pipes = new StepPipes(this.#libc);
    let started: NativeStep | undefined;
    try {
      pipes.giveRequest(encodeRequest(this.#container, step, stdin));
      for (const name of ["control", "stdout", "stderr"] as const) pipes.open(name);
      if (stdin) pipes.open("stdin");
      started = new NativeStep(this.#libc, { step, container: this.#container, sharedRoot: this.#sharedRoot }, pipes);
      started.sendTo(() => this.#living());
      return started;
    } catch (error) {
      started?.discard();
      pipes.close();
      throw startError("the step", error);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#resident?.close();
    this.#helper.close();
    for (const [fd] of this.#slots) this.#libc.close(fd);
  }

  /** The resident, or a new one where that was killed. */
  #living(): Resident {
    // The numbers of its descriptors may be others' by now.
    if (this.#isClosed) throw new Error("the backend is closed");
    if (!this.#resident?.isAlive) {
      this.#resident = new Resident(this.#libc, spawnResident(this.#libc, this.#helper, this.#slots));
    }
    return this.#resident;
  }
}
