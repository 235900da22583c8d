import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** RFC 6455, 1.3: what proves that the server has understood. */
const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export function isWebSocketRequest({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/** What is wrong with the request; undefined when it can be accepted. */
export function handshakeFault({ method, headers }: IncomingMessage): string | undefined {
  if (method !== 'GET') return 'a WebSocket is opened with GET';
  if (headers['sec-websocket-version'] !== '13') return 'only version 13 of WebSocket is spoken here';
  const key = headers['sec-websocket-key'];
  if (key === undefined || !/^[A-Za-z0-9+/]{22}==$/.test(key)) return 'Sec-WebSocket-Key must be 16 bytes in base64';
  return undefined;
}

export function acceptKey(key: string): string {
  return createHash('sha1').update(`${key}${magic}`).digest('base64');
}

/** The 101 answer; without a protocol when none was asked for. */
export function handshakeHeaders({ headers }: IncomingMessage, protocol: string): Record<string, string> {
  return {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Accept': acceptKey(headers['sec-websocket-key'] ?? ''),
    ...(protocol === '' ? {} : { 'Sec-WebSocket-Protocol': protocol }),
  };
}
