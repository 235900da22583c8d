/** SPDY/3.1 on the wire (draft-mbelshe-httpbis-spdy-00 with SPDY/3.1's changes); all numbers are big-endian. */
export const version = 3;

export const frameType = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

/** The last frame of its sender on that stream. */
export const flagFin = 0x01;

/** Why a stream is reset. */
export const resetStatus = {
  protocolError: 1,
  invalidStream: 2,
  refusedStream: 3,
  cancel: 5,
  internalError: 6,
  streamInUse: 8,
} as const;

export const goAwayStatus = { ok: 0, protocolError: 1, internalError: 2 } as const;

/** The length field of a data frame has 24 bits. */
export const maxDataLength = 0xffffff;

export const frameHeaderSize = 8;

/** Breaks the rules of the protocol: the whole connection ends. */
export class SpdyProtocolError extends Error {
  override readonly name = 'SpdyProtocolError';
}

export type ControlFrame =
  | { readonly type: 'syn_stream'; readonly streamId: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly type: 'syn_reply'; readonly streamId: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly type: 'headers'; readonly streamId: number; readonly fin: boolean; readonly block: Buffer }
  | { readonly type: 'rst_stream'; readonly streamId: number; readonly status: number }
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'go_away'; readonly lastStreamId: number; readonly status: number }
  /** SETTINGS, WINDOW_UPDATE and types that nobody knows: nothing here depends on them. */
  | { readonly type: 'ignored' };

/** A control frame behind its eight bytes. @throws SpdyProtocolError when it is too short for its type */
export function readControl(type: number, flags: number, body: Buffer): ControlFrame {
  const fin = (flags & flagFin) !== 0;
  switch (type) {
    case frameType.synStream:
      // Behind the id: the associated stream, the priority and the credential slot, which mean nothing to a server of streams.
      return { type: 'syn_stream', streamId: idAt(body, 0, 10), fin, block: body.subarray(10) };
    case frameType.synReply:
      return { type: 'syn_reply', streamId: idAt(body, 0, 4), fin, block: body.subarray(4) };
    case frameType.headers:
      return { type: 'headers', streamId: idAt(body, 0, 4), fin, block: body.subarray(4) };
    case frameType.rstStream:
      return { type: 'rst_stream', streamId: idAt(body, 0, 8), status: body.readUInt32BE(4) };
    case frameType.ping:
      needs(body, 4);
      return { type: 'ping', id: body.readUInt32BE(0) };
    case frameType.goAway:
      return { type: 'go_away', lastStreamId: idAt(body, 0, 8), status: body.readUInt32BE(4) };
    default:
      return { type: 'ignored' };
  }
}

function idAt(body: Buffer, at: number, size: number): number {
  needs(body, size);
  return body.readUInt32BE(at) & 0x7fffffff;
}

function needs(body: Buffer, size: number): void {
  if (body.length < size) throw new SpdyProtocolError(`a control frame of ${body.length} bytes, ${size} are needed`);
}

export function encodeControl(type: number, body: Uint8Array, flags = 0): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderSize + body.length);
  frame.writeUInt16BE(0x8000 | version, 0);
  frame.writeUInt16BE(type, 2);
  frame.writeUInt32BE(body.length, 4);
  frame[4] = flags;
  frame.set(body, frameHeaderSize);
  return frame;
}

export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, 4 * index);
  return bytes;
}

export function encodeSynReply(streamId: number, block: Uint8Array): Buffer {
  return encodeControl(frameType.synReply, Buffer.concat([words(streamId), block]));
}

export function encodeReset(streamId: number, status: number): Buffer {
  return encodeControl(frameType.rstStream, words(streamId, status));
}

export function encodePing(id: number): Buffer {
  return encodeControl(frameType.ping, words(id));
}

export function encodeGoAway(lastStreamId: number, status: number): Buffer {
  return encodeControl(frameType.goAway, words(lastStreamId, status));
}

/** What stands before the bytes of a data frame. */
export function encodeDataHeader(streamId: number, length: number, fin: boolean): Buffer {
  const header = words(streamId, length);
  header[4] = fin ? flagFin : 0;
  return header;
}
