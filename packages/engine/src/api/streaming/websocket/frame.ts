/** RFC 6455, 11.8. */
export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** RFC 6455, 7.4.1. */
export const closeCode = { normal: 1000, protocolError: 1002, internalError: 1011 } as const;

/** Breaks RFC 6455 or the protocol above it: the connection ends. */
export class WebSocketProtocolError extends Error {
  override readonly name = 'WebSocketProtocolError';
}

/** What stands before the payload of a frame that is a whole message; a server's frames have no mask. */
export function encodeHeader(code: number, length: number): Buffer {
  const first = 0x80 | code;
  if (length < 126) return Buffer.from([first, length]);
  if (length <= 0xffff) return Buffer.from([first, 126, length >>> 8, length & 0xff]);
  const header = Buffer.alloc(10);
  header.writeUInt16BE((first << 8) | 127, 0);
  header.writeUInt32BE(Math.floor(length / 0x1_0000_0000), 2);
  header.writeUInt32BE(length >>> 0, 6);
  return header;
}

export function encodeClose(code: number, reason = ''): Buffer {
  // A control frame has at most 125 bytes.
  const text = Buffer.from(reason).subarray(0, 123);
  const body = Buffer.alloc(2 + text.length);
  body.writeUInt16BE(code, 0);
  body.set(text, 2);
  return Buffer.concat([encodeHeader(opcode.close, body.length), body]);
}
