import type { Duplex } from 'node:stream';
import { asError } from '@berth/model/error';
import type { PortForwardSession } from '../contract.ts';
import { resetStatus } from '../spdy/frame.ts';
import { SpdySession } from '../spdy/session.ts';
import type { SpdyStream } from '../spdy/stream.ts';
import { carry } from './carry.ts';

/** The only protocol of a port-forward over SPDY. */
export const forwardProtocol = 'portforward.k8s.io';

/** Connections of one client into the pod at once, those among them that the client has reset and that end yet. */
const maxConnections = 1000;

interface Pair {
  readonly port: number;
  error?: SpdyStream;
  data?: SpdyStream;
  /** For a client that opens one stream of the two only. */
  readonly late: NodeJS.Timeout;
}

/** Serves one client: a pair of streams for each connection to a port. */
export async function serveSpdyForward(
  connection: Duplex,
  session: PortForwardSession,
  { creationTimeout }: { readonly creationTimeout: number },
): Promise<void> {
  const pairs = new Pairs(session, creationTimeout);
  const spdy = new SpdySession(connection, (stream) => pairs.offer(stream));
  try {
    await spdy.run();
  } finally {
    pairs.clear();
  }
}

/** Streams that wait for their other half. */
class Pairs {
  readonly #session: PortForwardSession;
  readonly #creationTimeout: number;
  readonly #waiting = new Map<string, Pair>();
  #connections = 0;

  constructor(session: PortForwardSession, creationTimeout: number) {
    this.#session = session;
    this.#creationTimeout = creationTimeout;
  }

  offer(stream: SpdyStream): void {
    const type = stream.headers.get('streamtype');
    const port = portOf(stream.headers.get('port'));
    if ((type !== 'error' && type !== 'data') || port === undefined) {
      stream.reset();
      return;
    }
    const id = requestId(stream, type);
    const pair = this.#waiting.get(id) ?? this.#wait(id, port);
    if (pair[type] !== undefined || pair.port !== port) {
      stream.reset();
      return;
    }
    pair[type] = stream;
    stream.accept();
    const { error, data } = pair;
    if (error === undefined || data === undefined) return;
    this.#forget(id, pair);
    void this.#forward(port, { error, data });
  }

  clear(): void {
    for (const [id, pair] of this.#waiting) this.#forget(id, pair);
  }

  async #forward(port: number, streams: StreamPair): Promise<void> {
    if (this.#connections >= maxConnections) {
      streams.error.reset(resetStatus.refusedStream);
      streams.data.reset(resetStatus.refusedStream);
      return;
    }
    this.#connections++;
    await forward(this.#session, port, streams);
    this.#connections--;
  }

  #wait(id: string, port: number): Pair {
    const late = setTimeout(() => {
      this.#waiting.delete(id);
      void pair.error?.write(Buffer.from(`no data stream for connection ${id} to port ${port} came in time`));
      pair.error?.end();
      pair.data?.reset();
    }, this.#creationTimeout);
    const pair: Pair = { port, late };
    this.#waiting.set(id, pair);
    return pair;
  }

  #forget(id: string, { late }: Pair): void {
    clearTimeout(late);
    this.#waiting.delete(id);
  }
}

function portOf(text: string | undefined): number | undefined {
  const port = /^[0-9]{1,5}$/.test(text ?? '') ? Number(text) : 0;
  return port >= 1 && port <= 65535 ? port : undefined;
}

/** Clients of old do not number their connections: their data stream is opened right behind its error stream. */
function requestId({ id, headers }: SpdyStream, type: 'error' | 'data'): string {
  return headers.get('requestid') ?? String(type === 'error' ? id : id - 2);
}

interface StreamPair {
  readonly error: SpdyStream;
  readonly data: SpdyStream;
}

/** Never rejects. */
async function forward(session: PortForwardSession, port: number, { error, data }: StreamPair): Promise<void> {
  // It is the client that hears by it: what it sends there is nothing to us.
  error.input.drop();
  try {
    const connection = await session.connect(port);
    await carry(connection, {
      input: data.input,
      write: (bytes) => data.write(bytes),
      end: () => data.end(),
      gone: data.gone,
    });
  } catch (cause) {
    await error.write(Buffer.from(`cannot forward to port ${port}: ${asError(cause).message}`));
  }
  error.end();
  data.reset();
}
