import type { Duplex } from 'node:stream';

/** A paused socket does not hear that its client is gone; what is written to it does. Milliseconds. */
const pingEvery = 15_000;

export interface Reader {
  /** A promise holds the connection's reading back. What it throws ends the reading. */
  take(chunk: Buffer): Promise<void> | undefined;
  /** Something that the client's end answers by itself. */
  ping(): void;
}

/** Reads until the client ends or breaks the connection. @throws what `take` throws */
export async function readConnection(connection: Duplex, reader: Reader): Promise<void> {
  let ping: NodeJS.Timeout | undefined;
  const chunks = connection.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of untilBroken(chunks)) {
    const taken = reader.take(chunk);
    if (taken === undefined) continue;
    ping = setInterval(() => reader.ping(), pingEvery);
    try {
      await taken;
    } finally {
      clearInterval(ping);
    }
  }
}

/** Without the error of a connection that breaks: for who serves it that is its end. */
async function* untilBroken(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  for (;;) {
    const next = await iterator.next().catch(() => ({ done: true as const, value: undefined }));
    if (next.done === true) return;
    yield next.value;
  }
}
