import { decodeDelivery, decodeEnd, RECORD_KIND } from "./record.ts";

/** Is told what a step's output streams do. */
export interface OutputListener {
  /** There is output in this stream: 1 or 2. */
  hasOutput(stream: number): void;
  /** Nothing more comes in any stream that had no output until now, but for those with a bit in `open`. */
  isOver(open: number): void;
}

/** Both streams, for what is not known to be over. */
const BOTH = 0b110;

/** What the keeper, the relay and the resident report about one step. */
export class StepReport {
  /** The record of its end, or less than one where its keeper died before. */
  readonly record: Promise<Buffer>;
  /** Whether all that the step wrote before its end was passed on. */
  readonly delivered: Promise<boolean>;
  readonly #output: OutputListener | undefined;
  #onRecord: (record: Buffer) => void = () => undefined;
  #onDelivered: (isDelivered: boolean) => void = () => undefined;
  #hasEnd = false;

  constructor(output?: OutputListener) {
    this.#output = output;
    this.record = new Promise<Buffer>((resolve) => (this.#onRecord = resolve));
    this.delivered = new Promise<boolean>((resolve) => (this.#onDelivered = resolve));
  }

  /** Whether it is known how the step ended, or that nobody will say. */
  get hasEnd(): boolean {
    return this.#hasEnd;
  }

  /** @param record One whole record; its memory is the caller's again afterwards, but for that of the end. */
  receive(record: Buffer): void {
    const kind = record.readUInt32LE(0);
    if (kind === RECORD_KIND.output) this.#output?.hasOutput(record.readUInt32LE(20));
    else if (kind === RECORD_KIND.delivered) this.#deliver(decodeDelivery(record));
    else if (kind === RECORD_KIND.lost) this.lose();
    else if (kind === RECORD_KIND.ended || kind === RECORD_KIND.refused) {
      this.#end(record);
      if (decodeEnd(record)?.relayed !== true) this.#deliver({ isWhole: true, open: 0 });
    }
  }

  /** No more records can come. Those that came count. */
  lose(): void {
    this.#end(Buffer.alloc(0));
    this.#deliver({ isWhole: false, open: BOTH });
  }

  #end(record: Buffer): void {
    this.#hasEnd = true;
    this.#onRecord(record);
  }

  #deliver({ isWhole, open }: { isWhole: boolean; open: number }): void {
    this.#output?.isOver(open);
    this.#onDelivered(isWhole);
  }
}
