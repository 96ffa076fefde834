import type { Socket } from "node:net";

import { SystemError } from "../errors/index.ts";
import { RECORD_KIND, RECORD_SIZE } from "./record.ts";
import { residentKilled } from "./trial.ts";

// enum message_kind in native/resident/resident.h.
export const MESSAGE = { start: 1, abandon: 2, connection: 3, prove: 4 } as const;
/** struct message in native/resident/resident.h. */
export const MESSAGE_SIZE = 64;
const LAST_NUMBER = 0xffff_ffff;

/** A struct message. */
export function encodeMessage(kind: number, step: number, descriptors = 0): Buffer {
  const message = Buffer.alloc(MESSAGE_SIZE);
  message.writeUInt32LE(kind, 0);
  message.writeUInt32LE(step, 4);
  message.writeUInt32LE(descriptors, 8);
  return message;
}

/** A step that a resident was asked for. */
export interface ResidentStep {
  onRecord(record: Buffer): void;
  /** Every process that could have reported its end is gone. */
  onLost(): void;
}

/** The steps of one resident, by number, and the records of each from their common pipe. */
export class ResidentSteps<Asked extends ResidentStep> {
  /** Resolves when the resident serves; rejects with an Error that says why it does not. */
  readonly ready: Promise<void>;
  readonly #records: Socket;
  readonly #steps = new Map<number, Asked>();
  #lastNumber = 0;
  /** Of a record that has not come as a whole. */
  #rest: Buffer = Buffer.alloc(0);
  #onReady: (errno: number | undefined) => void = () => undefined;

  /**
   * @param records Keeps the event loop alive only while there are steps.
   * @param onEnd All that could write a record has ended. What has no record then is lost, but for what this releases.
   */
  constructor(records: Socket, onEnd: () => void) {
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = (errno) => {
        if (errno === 0) resolve();
        else reject(errno === undefined ? residentKilled() : new SystemError("serve", errno));
      };
    });
    this.ready.catch(() => undefined);
    this.#records = records;
    records.on("data", (chunk: Buffer) => {
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      this.#act();
    });
    records
      .on("error", () => undefined)
      .once("close", () => {
        this.#onReady(undefined);
        onEnd();
        const lost = [...this.#steps.values()];
        this.#steps.clear();
        for (const step of lost) step.onLost();
      });
    records.unref();
  }

  /** A number for the step, by which its records are known. */
  add(step: Asked): number {
    do this.#lastNumber = (this.#lastNumber % LAST_NUMBER) + 1;
    while (this.#steps.has(this.#lastNumber));
    if (this.#steps.size === 0) this.#records.ref();
    this.#steps.set(this.#lastNumber, step);
    return this.#lastNumber;
  }

  get(number: number): Asked | undefined {
    return this.#steps.get(number);
  }

  /** Ignores further records of this step. */
  release(number: number): void {
    if (this.#steps.delete(number) && this.#steps.size === 0) this.#records.unref();
  }

  /** Stops reading records. */
  close(): void {
    this.#records.destroy();
  }

  /** All of them at once: a timer that was due meanwhile counts only after what has come (src/process/delay.ts). */
  #act(): void {
    while (this.#rest.length >= RECORD_SIZE) {
      const record = this.#rest.subarray(0, RECORD_SIZE);
      this.#rest = this.#rest.subarray(RECORD_SIZE);
      this.#receive(record);
    }
  }

  #receive(record: Buffer): void {
    if (record.readUInt32LE(0) === RECORD_KIND.ready) this.#onReady(record.readInt32LE(16));
    else this.#steps.get(record.readUInt32LE(4))?.onRecord(record);
  }
}
