import { MESSAGE_SIZE } from "../resident-steps.ts";

/** enum passed in native/resident/resident.h. */
const MOST_DESCRIPTORS = 5;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
/** struct msghdr, iovec and cmsghdr as 64-bit Linux lays them out, in each libc. */
const HEADER_SIZE = 56;
const VECTOR_SIZE = 16;
const CONTROL_HEADER_SIZE = 16;

/** A struct msghdr of sendmsg(2) with all that it points to, made once: its memory is its own, so its addresses stay. */
export class MessageBuffer {
  readonly #header: Uint8Array;
  readonly #view: DataView;
  readonly #message: Uint8Array;
  readonly #controlAt = HEADER_SIZE + VECTOR_SIZE + MESSAGE_SIZE;

  constructor(addressOf: (array: Uint8Array) => bigint) {
    const memory = new ArrayBuffer(this.#controlAt + CONTROL_HEADER_SIZE + 4 * (MOST_DESCRIPTORS + 1));
    this.#header = new Uint8Array(memory);
    this.#view = new DataView(memory);
    this.#message = new Uint8Array(memory, HEADER_SIZE + VECTOR_SIZE, MESSAGE_SIZE);
    const start = addressOf(this.#header);
    this.#pointer(16, start + BigInt(HEADER_SIZE));
    this.#pointer(24, 1n);
    this.#pointer(32, start + BigInt(this.#controlAt));
    this.#pointer(HEADER_SIZE, start + BigInt(HEADER_SIZE + VECTOR_SIZE));
    this.#view.setInt32(this.#controlAt + 8, SOL_SOCKET, true);
    this.#view.setInt32(this.#controlAt + 12, SCM_RIGHTS, true);
  }

  /** The structure for these bytes and descriptors; valid until the next call. */
  fill(message: Uint8Array, descriptors: readonly number[]): Uint8Array {
    if (message.length > MESSAGE_SIZE || descriptors.length > MOST_DESCRIPTORS)
      throw new RangeError("too long a message");
    this.#message.set(message);
    this.#pointer(HEADER_SIZE + 8, BigInt(message.length));
    const length = CONTROL_HEADER_SIZE + 4 * descriptors.length;
    this.#pointer(this.#controlAt, BigInt(length));
    // CMSG_SPACE: the length up to the next multiple of 8.
    this.#pointer(40, descriptors.length === 0 ? 0n : BigInt(Math.ceil(length / 8) * 8));
    descriptors.forEach((fd, index) =>
      this.#view.setInt32(this.#controlAt + CONTROL_HEADER_SIZE + 4 * index, fd, true),
    );
    return this.#header;
  }

  #pointer(at: number, value: bigint): void {
    this.#view.setBigUint64(at, value, true);
  }
}
