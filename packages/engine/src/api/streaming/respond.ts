import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { closeGently } from './close-gently.ts';

type Headers = Readonly<Record<string, string | readonly string[]>>;

/** Answers an upgrade with what it asked for: from here on the connection speaks the other protocol. */
export function switchProtocols(connection: Duplex, headers: Headers): void {
  connection.write(`HTTP/1.1 101 Switching Protocols\r\n${headerLines(headers)}\r\n`);
}

/** Answers an upgrade that will be none, in words, and ends the connection: nobody else has an eye on it. */
export function refuse(
  connection: Duplex,
  status: number,
  { text, headers = {} }: { text: string; headers?: Headers },
): void {
  const body = `${text}\n`;
  const all = {
    ...headers,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  };
  connection.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headerLines(all)}\r\n${body}`);
  void closeGently(connection);
}

function headerLines(headers: Headers): string {
  const lines = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}\r\n`));
  return lines.join('');
}
