import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from '../harness/registry.ts';

/** Stands before a registry, counts the bytes of blobs that it gives out, and may hold them back. */
export class SlowRegistry implements AsyncDisposable {
  /** `localhost:PORT`, as references have it. */
  readonly host: string;
  /** Pause before each 64 KiB of a blob, ms. */
  pause = 0;
  /** Bytes of blobs that were given out. */
  served = 0;
  /** What was asked for: method, path and range. */
  readonly requests: string[] = [];
  readonly #server: Server;

  private constructor(server: Server, host: string) {
    this.#server = server;
    this.host = host;
  }

  static async before(registry: Registry): Promise<SlowRegistry> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { readonly port: number };
    const slow = new SlowRegistry(server, `localhost:${port}`);
    server.on('request', (asked: IncomingMessage, answer: ServerResponse) => {
      // A client that went away is what these tests are about.
      slow.#forward(registry, asked, answer).catch(() => answer.destroy());
    });
    return slow;
  }

  async #forward(registry: Registry, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = asked;
    this.requests.push(`${method} ${url} ${headers.range ?? ''}`.trim());
    const onward = request(`${registry.url}${url}`, { method, headers });
    asked.pipe(onward);
    const [response] = (await once(onward, 'response')) as [IncomingMessage];
    answer.writeHead(response.statusCode ?? 500, response.headers);
    const isBlob = method === 'GET' && url.includes('/blobs/');
    await pipeline(response, isBlob ? (pieces: AsyncIterable<Buffer>) => this.#paced(pieces) : passing, answer);
  }

  async *#paced(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      if (this.pause > 0) await sleep(this.pause);
      this.served += piece.length;
      yield piece;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

async function* passing(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield* pieces;
}
