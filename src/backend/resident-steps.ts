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
  /** Whatever could have told of its end is gone. */
  onLost(): void;
}

/** The steps of one resident, by number, and what is said of each on its one pipe of records. */
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
    records.on("data", (chunk: Buffer) => this.#read(chunk));
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

  /** Nothing that is still said of this step matters. */
  release(number: number): void {
    if (this.#steps.delete(number) && this.#steps.size === 0) this.#records.unref();
  }

  /** Nothing more is to be heard of any of them. */
  close(): void {
    this.#records.destroy();
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (; at + RECORD_SIZE <= bytes.length; at += RECORD_SIZE) this.#receive(bytes.subarray(at, at + RECORD_SIZE));
    this.#rest = bytes.subarray(at);
  }

  #receive(record: Buffer): void {
    if (record.readUInt32LE(0) === RECORD_KIND.ready) this.#onReady(record.readInt32LE(16));
    else this.#steps.get(record.readUInt32LE(4))?.onRecord(record);
  }
}
