/**
 * Streams of Berth's own API. The client asks with `Connection: Upgrade` and `Upgrade: berth-stream`, the daemon answers
 * 101, then both sides send frames:
 *
 *   byte 0      type
 *   bytes 1..3  zero
 *   bytes 4..7  payload length, big endian, at most 1 MiB
 *   then        the payload
 *
 * POST /containers/ID/attach?stdin=1&output=1&logs=1 ; with `start=1` the container is started once the client is
 * attached, so that no output is missed; `rows=` and `columns=` give its terminal a size ; POST /exec/ID/start (upgrade: attached; without: detached).
 * `logs` answers the same frames (1 and 2 only) as an ordinary body.
 */
export const streamProtocol = 'berth-stream';

export const frameTypes = {
  /** Client: bytes for standard input. */
  stdin: 0,
  /** Daemon: output; a terminal's output is all `stdout`. */
  stdout: 1,
  stderr: 2,
  /** Daemon: ApiError as JSON; the last frame. */
  error: 3,
  /** Client: `{"rows":24,"columns":80}`. */
  resize: 4,
  /** Client: end of standard input. */
  stdinClose: 5,
  /** Daemon: WaitResult as JSON; the last frame. */
  exit: 6,
  /** Daemon: the container runs or the exec has begun; payload empty. */
  started: 7,
} as const;

export type FrameType = (typeof frameTypes)[keyof typeof frameTypes];
export const maxFrame = 1 << 20;

export interface Frame {
  readonly type: number;
  readonly payload: Uint8Array;
}

export function encodeFrame(type: FrameType, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const frame = Buffer.allocUnsafe(8 + payload.length);
  frame.writeUInt32BE(0, 0);
  frame[0] = type;
  frame.writeUInt32BE(payload.length, 4);
  frame.set(payload, 8);
  return frame;
}

/** Takes bytes in any cut and gives whole frames. @throws RangeError on a frame above `maxFrame` */
export class FrameParser {
  #pending: Buffer = Buffer.alloc(0);

  push(chunk: Uint8Array): Frame[] {
    this.#pending = this.#pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#pending, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (this.#pending.length - at >= 8) {
      const length = this.#pending.readUInt32BE(at + 4);
      if (length > maxFrame) throw new RangeError(`stream frame of ${length} bytes is above ${maxFrame}`);
      if (this.#pending.length - at < 8 + length) break;
      frames.push({ type: this.#pending[at] ?? 0, payload: this.#pending.subarray(at + 8, at + 8 + length) });
      at += 8 + length;
    }
    this.#pending = this.#pending.subarray(at);
    return frames;
  }
}
