import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';

export interface Upgraded {
  readonly answer: IncomingMessage;
  readonly socket: Socket;
}

/** A server's word against an upgrade. */
export class Refused extends Error {
  readonly status: number;
  readonly answer: IncomingMessage;

  constructor(answer: IncomingMessage, text: string) {
    super(`${answer.statusCode}: ${text}`);
    this.status = answer.statusCode ?? 0;
    this.answer = answer;
  }
}

/** Asks a server for another protocol. @throws Refused */
export async function upgrade(
  url: string,
  options: { readonly method: string; readonly headers: Readonly<Record<string, string | string[]>> },
): Promise<Upgraded> {
  const { promise, resolve, reject } = Promise.withResolvers<Upgraded>();
  const sent = request(url, { ...options, agent: false });
  sent.on('error', reject);
  sent.on('upgrade', (answer: IncomingMessage, socket: Socket, head: Buffer) => {
    if (head.length > 0) socket.unshift(head);
    socket.on('error', () => undefined);
    resolve({ answer, socket });
  });
  sent.on('response', (answer: IncomingMessage) => {
    const parts: Buffer[] = [];
    answer.on('data', (part: Buffer) => parts.push(part));
    void once(answer, 'close').then(() => reject(new Refused(answer, Buffer.concat(parts).toString())));
  });
  sent.end();
  return await promise;
}
