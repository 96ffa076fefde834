import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { connect, Socket } from "node:net";
import os from "node:os";
import path from "node:path";

import { errnoOf } from "../../errors/index.ts";
import { childStream } from "../child-streams.ts";
import { SLOT } from "../descriptor-slots.ts";
import { encodeMessage, MESSAGE, ResidentSteps, type ResidentStep } from "../resident-steps.ts";
import { RECORD_KIND } from "../record.ts";
import { residentKilled, servingInTime, socketReplaced } from "../trial.ts";
import { Unavailable } from "../types.ts";

/** O_PATH | O_NOFOLLOW | O_CLOEXEC: of the socket's file, which then needs no name any more. */
const REFERENCE = 0o10000000 | constants.O_NOFOLLOW | 0o2000000;
/** Where else a directory can be made; a container's root file system may be read-only. */
const PLACES: readonly string[] = ["/dev/shm", "/run"];

function makeDirectory(): string {
  let refusal: unknown;
  for (const place of [os.tmpdir(), ...PLACES]) {
    try {
      return mkdtempSync(path.join(place, "k8s-executor-"));
    } catch (error) {
      refusal = error;
    }
  }
  throw new Unavailable(`there is no directory to make a socket in: ${String(refusal)}`);
}

/**
 * The resident of native/resident/resident.c without FFI. It is started by node:child_process, once, and instead of descriptors that
 * are sent it gets a connection for each: native/resident/listener.c.
 */
export class HelperResident {
  readonly #child: ChildProcess;
  readonly #control: Socket;
  readonly #steps: ResidentSteps<ResidentStep>;
  readonly #ready: Promise<unknown>;
  /** Of the socket that it listens on. */
  #reference: number | undefined;
  #isAlive = true;

  /**
   * Starts it, and waits until it serves. Throws an Error that says why it does not.
   *
   * @param slots The container's descriptors, [descriptor, slot].
   */
  static async start(program: string, slots: readonly (readonly [number, number])[]): Promise<HelperResident> {
    const directory = makeDirectory();
    const file = path.join(directory, "socket");
    try {
      const resident = new HelperResident(program, slots, file);
      try {
        await servingInTime(resident.#ready);
        resident.#reference = openSync(file, REFERENCE);
        await servingInTime(resident.#prove());
        return resident;
      } catch (error) {
        resident.#giveUp();
        throw error;
      }
    } finally {
      // It is reached by its descriptor from now on: nothing stays, whatever becomes of us.
      rmSync(directory, { recursive: true, force: true });
    }
  }

  private constructor(program: string, slots: readonly (readonly [number, number])[], file: string) {
    const last = Math.max(SLOT.status, ...slots.map(([, slot]) => slot));
    const stdio: ("ignore" | "pipe" | number)[] = Array.from({ length: last + 1 }, () => "ignore");
    stdio[SLOT.request] = stdio[SLOT.status] = "pipe";
    for (const [fd, slot] of slots) stdio[slot] = fd;
    const recovers = slots.some(([, slot]) => slot === SLOT.scriptDirectory);
    // "copy": run from a sealed copy of yourself.
    const argv = ["copy", "serve", recovers ? "recover" : "-", file];
    const child = spawn(program, argv, { env: {}, stdio, detached: true, cwd: "/" });
    const failed = new Promise<never>((_, reject) => {
      child.once("error", reject).once("exit", () => reject(residentKilled()));
    });
    // Without a process there are no streams either, and the error event tells why.
    const [control, records] = [SLOT.request, SLOT.status].map(
      (slot) => childStream(child, slot) as Socket | undefined,
    );
    this.#child = child;
    this.#control = control ?? new Socket();
    this.#steps = new ResidentSteps(records ?? new Socket(), () => this.close());
    this.#control.on("error", () => this.close()).unref();
    child.unref();
    this.#ready = Promise.race([this.#steps.ready, failed]);
    failed.catch(() => undefined);
  }

  /** Whether steps can be started by it. */
  get isAlive(): boolean {
    return this.#isAlive && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /**
   * Makes the connections of a step. Rejects with what net.connect says.
   *
   * @param count How many, in the order of enum passed in native/resident/resident.h.
   */
  async connect(step: ResidentStep, count: number): Promise<{ number: number; connections: Socket[] }> {
    const number = this.#steps.add(step);
    const connections = Array.from({ length: count }, () =>
      // Whatever befalls it later shows as its end: the resident may be killed at any moment.
      connect({ path: `/proc/self/fd/${this.#reference ?? -1}` }).on("error", () => undefined),
    );
    try {
      await Promise.all(
        connections.map(async (connection, place) => {
          await once(connection, "connect");
          // Each is complete before the step is asked for, so the resident never waits for one.
          await new Promise<void>((resolve, reject) =>
            connection.write(encodeMessage(MESSAGE.connection, number, place), (error) =>
              error ? reject(error) : resolve(),
            ),
          );
        }),
      );
      return { number, connections };
    } catch (error) {
      this.#steps.release(number);
      // Nobody listens: it has ended, and Node has not seen that yet.
      if (errnoOf(error) === "ECONNREFUSED") this.close();
      for (const connection of connections) connection.destroy();
      throw error;
    }
  }

  /**
   * Rejects where the socket that it is reached by is not its own: the directory may be in a place that a container shares,
   * whose root is our user. It says so itself, and accepts no connection but ours.
   */
  async #prove(): Promise<void> {
    let settle: (isProven: boolean) => void = () => undefined;
    const answer = new Promise<boolean>((resolve) => (settle = resolve));
    const { number, connections } = await this.connect(
      {
        onRecord: (record) => settle(record.readUInt32LE(0) === RECORD_KIND.proven && record.readInt32LE(16) === 0),
        onLost: () => settle(false),
      },
      1,
    );
    try {
      this.#control.write(encodeMessage(MESSAGE.prove, number));
      if (!(await answer)) throw socketReplaced();
    } finally {
      this.#steps.release(number);
      for (const connection of connections) connection.destroy();
    }
  }

  /** Starts a step whose connections are made. */
  begin(number: number, count: number): void {
    this.#wake();
    this.#control.write(encodeMessage(MESSAGE.start, number, count));
  }

  /** Kills the keeper of a step, which does not answer. */
  abandon(number: number): void {
    if (!this.isAlive) return;
    this.#wake();
    this.#control.write(encodeMessage(MESSAGE.abandon, number));
  }

  release(number: number): void {
    this.#steps.release(number);
  }

  /** It ends all steps that there still are, and itself. Node reaps it. */
  close(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#control.destroy();
    this.#wake();
    if (this.#reference !== undefined) closeSync(this.#reference);
    this.#reference = undefined;
  }

  /** It never served: nothing of it is waited for, whatever still holds its descriptors. */
  #giveUp(): void {
    this.close();
    this.#child.kill("SIGKILL");
    this.#steps.close();
  }

  /** A container that sees our processes may have stopped it. */
  #wake(): void {
    this.#child.kill("SIGCONT");
  }
}
