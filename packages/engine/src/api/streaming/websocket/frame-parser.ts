import { opcode, WebSocketProtocolError } from './frame.ts';

const nothing = Buffer.alloc(0);

/** Part of a message: frames, and the pieces in which they come, are no borders that mean anything. */
export interface MessagePiece {
  readonly type: 'text' | 'binary';
  readonly bytes: Buffer;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

export interface ControlMessage {
  readonly type: 'close' | 'ping' | 'pong';
  readonly bytes: Buffer;
}

interface FrameHeader {
  readonly fin: boolean;
  readonly code: number;
  readonly length: number;
  readonly mask: Buffer;
}

interface Message {
  readonly type: 'text' | 'binary';
  isBegun: boolean;
}

/** Cuts what a client sends (RFC 6455, 5) into messages. Data is handed on as it comes, unmasked: no message is too large. */
export class WebSocketFrameParser {
  #rest: Buffer = nothing;
  /** The data frame that is coming, and how much of it is missing. */
  #frame: FrameHeader | undefined;
  #left = 0;
  /** Of the message whose frames are coming. */
  #message: Message | undefined;

  /** Unmasks in place: `chunk` is the parser's from now on. @throws WebSocketProtocolError; then it is of no further use */
  *push(chunk: Buffer): Generator<MessagePiece | ControlMessage, void, undefined> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let next = this.#next(); next !== undefined; next = this.#next()) yield next;
  }

  #next(): MessagePiece | ControlMessage | undefined {
    if (this.#frame !== undefined) return this.#rest.length === 0 ? undefined : this.#piece(this.#frame);
    const read = readHeader(this.#rest);
    if (read === undefined) return undefined;
    const [frame, size] = read;
    if (frame.code >= opcode.close) return this.#control(frame, size);
    this.#rest = this.#rest.subarray(size);
    this.#begin(frame);
    return frame.length === 0 ? this.#piece(frame) : this.#next();
  }

  #begin(frame: FrameHeader): void {
    const isContinuation = frame.code === opcode.continuation;
    if (isContinuation !== (this.#message !== undefined)) {
      throw new WebSocketProtocolError(isContinuation ? 'a continuation of no message' : 'a message inside of another');
    }
    this.#message ??= { type: frame.code === opcode.text ? 'text' : 'binary', isBegun: false };
    this.#frame = frame;
    this.#left = frame.length;
  }

  #piece(frame: FrameHeader): MessagePiece {
    const message = this.#message as Message;
    const bytes = this.#rest.subarray(0, this.#left);
    this.#rest = this.#rest.subarray(bytes.length);
    unmask(bytes, frame.mask, frame.length - this.#left);
    this.#left -= bytes.length;
    const isFirst = !message.isBegun;
    message.isBegun = true;
    const isLast = this.#left === 0 && frame.fin;
    if (this.#left === 0) this.#frame = undefined;
    if (isLast) this.#message = undefined;
    return { type: message.type, bytes, isFirst, isLast };
  }

  #control({ code, length, mask }: FrameHeader, size: number): ControlMessage | undefined {
    if (this.#rest.length < size + length) return undefined;
    const bytes = this.#rest.subarray(size, size + length);
    this.#rest = this.#rest.subarray(size + length);
    unmask(bytes, mask, 0);
    return { type: code === opcode.close ? 'close' : code === opcode.ping ? 'ping' : 'pong', bytes };
  }
}

const knownCodes: ReadonlySet<number> = new Set(Object.values(opcode));

/** The header and its size; undefined until all of it is there. */
function readHeader(bytes: Buffer): [FrameHeader, number] | undefined {
  if (bytes.length < 2) return undefined;
  const [first, second] = [bytes[0] as number, bytes[1] as number];
  const [fin, code, short] = [(first & 0x80) !== 0, first & 0x0f, second & 0x7f];
  if ((first & 0x70) !== 0) throw new WebSocketProtocolError('reserved bits, and no extension was agreed on');
  if (!knownCodes.has(code)) throw new WebSocketProtocolError(`a frame of the unknown kind ${code}`);
  if ((second & 0x80) === 0) throw new WebSocketProtocolError('a frame without a mask');
  if (code >= opcode.close && (!fin || short > 125)) {
    throw new WebSocketProtocolError('a control frame in parts, or of more than 125 bytes');
  }
  const wide = short === 126 ? 2 : short === 127 ? 8 : 0;
  const size = 2 + wide + 4;
  if (bytes.length < size) return undefined;
  const length = wide === 0 ? short : wide === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (!Number.isSafeInteger(length)) throw new WebSocketProtocolError('a frame of more bytes than there are');
  return [{ fin, code, length, mask: Buffer.from(bytes.subarray(size - 4, size)) }, size];
}

/** @param at where in the frame's payload the bytes begin */
function unmask(bytes: Buffer, mask: Buffer, at: number): void {
  const turned = [0, 1, 2, 3].map((index) => mask[(at + index) % 4] as number) as [number, number, number, number];
  // A number for each place: reading the mask by a computed index takes three times as long.
  const [a, b, c, d] = turned;
  const whole = bytes.length - (bytes.length % 4);
  for (let index = 0; index < whole; index += 4) {
    bytes[index]! ^= a;
    bytes[index + 1]! ^= b;
    bytes[index + 2]! ^= c;
    bytes[index + 3]! ^= d;
  }
  for (let index = whole; index < bytes.length; index++) bytes[index]! ^= turned[index - whole] as number;
}
