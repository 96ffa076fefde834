import type { Socket } from "node:net";

import { SystemError } from "../../errors/index.ts";
import { readPipe } from "../pipe-streams.ts";
import { readRecords } from "../read-records.ts";
import { RECORD_KIND } from "../record.ts";
import type { Libc } from "./libc.ts";
import { MESSAGE_SIZE } from "./message-buffer.ts";
import type { SpawnedResident } from "./spawn-resident.ts";

// enum message_kind in native/resident.h.
const MESSAGE = { start: 1, abandon: 2 } as const;
const SIGCONT = 18;
/** ESRCH: it has ended, and its end is about to be seen. */
const ENDED: readonly string[] = ["EPIPE", "ECONNRESET", "ESRCH", "ENOTCONN"];

/** A step that is to be started, or was. */
export interface ResidentStep {
  /** The request, the control pipe, stdout and stderr, and a stdin if there is one. */
  readonly descriptors: readonly number[];
  /** The descriptors were sent: ours of them can be closed. */
  onSent(): void;
  onRecord(record: Buffer): void;
  /** Whatever could have told of its end is gone. */
  onLost(): void;
  /** The resident is gone, and the step was never sent to it. */
  onUnsent(): void;
}

function encodeMessage(kind: number, step: number, descriptors = 0): Buffer {
  const message = Buffer.alloc(MESSAGE_SIZE);
  message.writeUInt32LE(kind, 0);
  message.writeUInt32LE(step, 4);
  message.writeUInt32LE(descriptors, 8);
  return message;
}

function isEnd(error: unknown): boolean {
  return error instanceof SystemError && ENDED.includes(error.code);
}

/** The process that starts the steps of one container (native/resident.c), as long as it lives. */
export class Resident {
  /** Resolves when it serves; rejects with an Error that says why it does not. */
  readonly ready: Promise<void>;
  readonly #libc: Libc;
  readonly #pid: number;
  readonly #records: Socket;
  readonly #steps = new Map<number, ResidentStep>();
  /** Those that its socket has no room for yet. */
  #unsent: number[] = [];
  #socket: number | undefined;
  #lastNumber = 0;
  #onReady: (errno: number | undefined) => void = () => undefined;

  constructor(libc: Libc, { pid, socket, records }: SpawnedResident) {
    this.#libc = libc;
    this.#pid = pid;
    this.#socket = socket;
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = (errno) => {
        if (errno === 0) resolve();
        else reject(errno === undefined ? new Error("the helper was killed") : new SystemError("serve", errno));
      };
    });
    this.ready.catch(() => undefined);
    this.#records = readPipe(records) as Socket;
    readRecords(this.#records, (record) => this.#receive(record));
    // That something came means that messages were received.
    this.#records.on("data", () => this.#sendMore());
    this.#records.on("error", () => undefined).once("close", () => this.#over());
    this.#records.unref();
  }

  /** Whether steps can be sent to it. */
  get isAlive(): boolean {
    return this.#socket !== undefined;
  }

  /**
   * Starts a step, or remembers it until there is room in the socket.
   *
   * @returns Its number; undefined where the resident has ended. Throws a SystemError.
   */
  start(step: ResidentStep): number | undefined {
    const number = (this.#lastNumber = (this.#lastNumber % 0xffff_ffff) + 1);
    if (this.#unsent.length > 0 || !this.#send(number, step)) {
      if (!this.isAlive) return undefined;
      this.#unsent.push(number);
    }
    this.#steps.set(number, step);
    if (this.#steps.size === 1) this.#records.ref();
    return number;
  }

  /** Kills the keeper of a step, which does not answer. */
  abandon(number: number): void {
    if (this.#socket === undefined) return;
    this.wake();
    try {
      this.#libc.send(this.#socket, encodeMessage(MESSAGE.abandon, number), []);
    } catch (error) {
      if (!isEnd(error)) throw error;
    }
  }

  /** Nobody asks for anything of this step any more. */
  release(number: number): void {
    if (this.#steps.delete(number) && this.#steps.size === 0) this.#records.unref();
  }

  /** A container that sees our processes may have stopped it. */
  wake(): void {
    try {
      this.#libc.kill(this.#pid, SIGCONT);
    } catch (error) {
      if (!isEnd(error)) throw error;
    }
  }

  /** It ends all steps that there still are, and itself. It is reaped when it has. */
  close(): void {
    if (this.#socket === undefined) return;
    this.#libc.close(this.#socket);
    this.#socket = undefined;
    this.wake();
  }

  #send(number: number, step: ResidentStep): boolean {
    if (this.#socket === undefined) return false;
    this.wake();
    try {
      const message = encodeMessage(MESSAGE.start, number, step.descriptors.length);
      if (!this.#libc.send(this.#socket, message, step.descriptors)) return false;
    } catch (error) {
      if (!isEnd(error)) throw error;
      // Its keepers are told by the lifeline; what they report still comes.
      this.close();
      return false;
    }
    step.onSent();
    return true;
  }

  #receive(record: Buffer): void {
    if (record.readUInt32LE(0) === RECORD_KIND.ready) this.#onReady(record.readInt32LE(16));
    else this.#steps.get(record.readUInt32LE(4))?.onRecord(record);
  }

  #sendMore(): void {
    if (this.#unsent.length === 0) return;
    const waiting = this.#unsent;
    this.#unsent = [];
    for (const [index, number] of waiting.entries()) {
      const step = this.#steps.get(number);
      // It may have been given up meanwhile.
      if (!step || this.#send(number, step)) continue;
      this.#unsent = waiting.slice(index);
      break;
    }
    if (!this.isAlive) this.#handBack();
  }

  /** What was never sent goes to another resident. */
  #handBack(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const number of unsent) {
      const step = this.#steps.get(number);
      this.release(number);
      step?.onUnsent();
    }
  }

  /** All that could write a record has ended. */
  #over(): void {
    if (this.#socket !== undefined) this.#libc.close(this.#socket);
    this.#socket = undefined;
    this.#onReady(undefined);
    void this.#reap();
    this.#handBack();
    const lost = [...this.#steps.values()];
    this.#steps.clear();
    for (const step of lost) step.onLost();
  }

  async #reap(): Promise<void> {
    // Its descriptors are closed a moment before it can be reaped.
    if (!this.#libc.reap(this.#pid)) {
      await this.#libc.wait(this.#pid);
      this.#libc.reap(this.#pid);
    }
  }
}
