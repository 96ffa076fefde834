import type { Container } from "../../container/index.ts";
import type { PreparedStep, SharedRoot } from "../../step/index.ts";
import { containerSlots } from "../descriptor-slots.ts";
import { encodeRequest } from "../request.ts";
import type { Backend, Running } from "../types.ts";
import { HelperStep } from "./helper-step.ts";
import { HelperResident } from "./resident.ts";
import { tryHelper } from "./try-helper.ts";

/** The same resident as the native backend's, started by node:child_process where there is no FFI. */
export class HelperBackend implements Backend {
  readonly name = "helper";
  readonly reason: string;
  readonly limitations: readonly string[] = [
    "a step's streams are sockets on our side (no FFI), which are slower than pipes",
  ];
  readonly canSetGroups = true;
  readonly hasTerminals = true;
  readonly #path: string;
  readonly #container: Container;
  readonly #sharedRoot: SharedRoot | undefined;
  readonly #slots: readonly [number, number][];
  #resident: HelperResident | undefined;
  #starting: Promise<HelperResident> | undefined;
  #isClosed = false;

  constructor(path: string, container: Container, sharedRoot: SharedRoot | undefined, reason: string) {
    this.#path = path;
    this.#container = container;
    this.#sharedRoot = sharedRoot;
    this.#slots = containerSlots(container, sharedRoot);
    this.reason = reason;
  }

  /**
   * Starts the helper for a trial, and then as the resident, which removes scripts that a crash left in the shared root.
   *
   * @throws Unavailable, errors of node:child_process, ExecutorError HELPER_LOST.
   */
  async probe(): Promise<void> {
    await tryHelper(this.#path);
    await this.#living();
  }

  start(step: PreparedStep, stdin: boolean): Running {
    const request = encodeRequest(this.#container, step, stdin);
    const of = { step, container: this.#container, sharedRoot: this.#sharedRoot };
    return new HelperStep(() => this.#living(), of, request, stdin);
  }

  close(): void {
    this.#isClosed = true;
    this.#resident?.close();
  }

  /** The resident, or a new one where that was killed. */
  #living(): Promise<HelperResident> {
    if (this.#resident?.isAlive) return Promise.resolve(this.#resident);
    this.#starting ??= HelperResident.start(this.#path, this.#slots)
      .then((resident) => {
        this.#resident = resident;
        if (this.#isClosed) resident.close();
        return resident;
      })
      .finally(() => (this.#starting = undefined));
    return this.#starting;
  }
}
