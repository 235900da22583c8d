import { BerthError } from '@berth/model/error';

/** The types of docs/shim.md: below 64 to the shim, above from it. */
export const frameType = {
  start: 1,
  attach: 2,
  stdin: 3,
  stdinClose: 4,
  signal: 5,
  resize: 6,
  state: 7,
  watch: 8,
  reopenLog: 9,
  answer: 10,
  started: 65,
  failed: 66,
  ok: 67,
  error: 68,
  output: 69,
  exit: 70,
  states: 71,
  ask: 72,
} as const;

/** Flags of START and ATTACH. */
export const withFlag = { stdin: 1, output: 2, watch: 4 } as const;

/** The longest payload of one frame. */
export const maxPayload = 1 << 20;

/** The highest number that a process can have. */
export const maxProcess = 1023;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly process: number;
  /** May share memory with the chunk it came in. */
  readonly payload: Uint8Array;
}

const headerSize = 8;
const nothing: Uint8Array = new Uint8Array(0);

export function encodeFrame(type: number, process: number, payload = nothing, flags = 0): Uint8Array {
  const bytes = new Uint8Array(headerSize + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length, true);
  view.setUint8(4, type);
  view.setUint8(5, flags);
  view.setUint16(6, process, true);
  bytes.set(payload, headerSize);
  return bytes;
}

/** Cuts a byte stream into frames, whatever the chunks it comes in. */
export class FrameParser {
  #pending: Uint8Array[] = [];
  #size = 0;

  /** The frames that this chunk completes. Fails with `data_loss` when the stream cannot be frames. */
  *push(chunk: Uint8Array): Generator<Frame> {
    if (chunk.length === 0) return;
    this.#pending.push(chunk);
    this.#size += chunk.length;
    for (let needed = this.#needed(); this.#size >= needed; needed = this.#needed()) {
      yield this.#take(needed);
    }
  }

  /** True when the stream ended between two frames. */
  get isComplete(): boolean {
    return this.#size === 0;
  }

  #needed(): number {
    if (this.#size < headerSize) return Infinity;
    const head = this.#join(headerSize);
    const length = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
    if (length > maxPayload) {
      throw new BerthError('data_loss', `shim sent a frame of ${length} bytes`, { code: 'bad_frame' });
    }
    return headerSize + length;
  }

  /** The pending bytes with at least `size` of them in the first chunk. */
  #join(size: number): Uint8Array {
    if (this.#pending[0]!.length < size) this.#pending = [Buffer.concat(this.#pending)];
    return this.#pending[0]!;
  }

  #take(size: number): Frame {
    const first = this.#join(size);
    const view = new DataView(first.buffer, first.byteOffset, first.byteLength);
    const frame = {
      type: view.getUint8(4),
      flags: view.getUint8(5),
      process: view.getUint16(6, true),
      payload: first.subarray(headerSize, size),
    };
    if (first.length === size) this.#pending.shift();
    else this.#pending[0] = first.subarray(size);
    this.#size -= size;
    return frame;
  }
}
