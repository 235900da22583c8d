import type { Duplex } from 'node:stream';
import { roomIn } from '../../http/room-in.ts';

/** How long what a client still sends may take once the pod's side has ended, ms: the same as the reference server's. */
const grace = 1000;

/** The client's side of one forwarded connection. */
export interface ForwardChannel {
  /** Ends where the client half-closes. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>;
  /** Nothing more comes from the pod. */
  end(): void;
  /** The client wants no more of it, in either direction. */
  readonly gone: AbortSignal;
}

/**
 * Carries bytes both ways between a client and a connection into a pod, until both have ended. A half-close of the client
 * is handed on, and the answer waited for; after one of the pod there is little that a client can still want to say. Never
 * rejects: a connection that the pod breaks off is one that has ended.
 */
export async function carry(connection: Duplex, channel: ForwardChannel): Promise<void> {
  // What is written behind the pod's end may break, when nobody reads any longer: the iterator's listener is gone by then.
  connection.on('error', () => undefined);
  const leave = (): void => void connection.destroy();
  channel.gone.addEventListener('abort', leave);
  if (channel.gone.aborted) leave();
  connection.setMaxListeners(0);
  const upwards = sendTo(connection, channel.input);
  await receiveFrom(connection, channel);
  if (connection.errored === null) channel.end();
  await within(grace, upwards);
  channel.gone.removeEventListener('abort', leave);
  connection.destroy();
}

async function sendTo(connection: Duplex, input: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const bytes of input) {
    if (connection.destroyed || !connection.writable) return;
    if (!connection.write(bytes)) await roomIn(connection);
  }
  connection.end();
}

async function receiveFrom(connection: Duplex, channel: ForwardChannel): Promise<void> {
  try {
    const chunks = connection.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    for await (const chunk of chunks) await channel.write(chunk);
  } catch {
    // Clients take a word on the error stream for the end of all their connections: a reset of one is no such thing.
  }
}

async function within(time: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(resolve, time);
  await Promise.race([work, promise]);
  clearTimeout(late);
}
