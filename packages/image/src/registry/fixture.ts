import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Digest } from '@berth/model/digest';
import { mediaTypes } from '@berth/model/media-type';
import { createRegistryClient } from './client.ts';
import type { Credentials, RegistryClient, RegistryOptions, Repository } from './contract.ts';
import type { Clock, Tuning } from './tuning.ts';

export const never = new AbortController().signal;

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

type Handler = (request: IncomingMessage, response: ServerResponse, seen: Seen) => unknown;

/** A server that answers as the test says, and a client of it. */
export class FakeRegistry implements AsyncDisposable {
  readonly host: string;
  readonly seen: Seen[] = [];
  readonly #server: Server;
  readonly #clients: RegistryClient[] = [];

  private constructor(server: Server) {
    this.#server = server;
    this.host = `localhost:${(server.address() as AddressInfo).port}`;
  }

  static async start(handler: Handler): Promise<FakeRegistry> {
    // It hangs up on nobody by itself: connections that are left over would be seen.
    const server = createServer({ keepAliveTimeout: 0 }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const registry = new FakeRegistry(server);
    server.on('request', (request, response) => {
      const seen = { method: request.method ?? '', path: request.url ?? '', headers: request.headers };
      registry.seen.push(seen);
      response.on('error', () => undefined);
      void (async () => {
        try {
          await handler(request, response, seen);
        } catch (error) {
          response.destroy(error as Error);
        }
      })();
    });
    return registry;
  }

  client(options: Partial<RegistryOptions & Tuning> & { readonly as?: Credentials } = {}): RegistryClient {
    const {
      as,
      credentials = async () => as,
      hostFolders = [],
      userAgent = 'berth/test',
      insecure,
      ...tuning
    } = options;
    const client = createRegistryClient(
      { credentials, hostFolders, userAgent, ...(insecure === undefined ? {} : { insecure }) },
      { clock: new FakeClock(), maxRetries: 3, ...tuning },
    );
    this.#clients.push(client);
    return client;
  }

  repository(options: Parameters<FakeRegistry['client']>[0] = {}, path = 'app'): Repository {
    return this.client(options).repository({ domain: this.host, path });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client[Symbol.asyncDispose]();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Passes time at once, and notes how much. */
export class FakeClock implements Clock {
  readonly pauses: number[] = [];
  #now = 1_700_000_000_000;

  now(): number {
    return this.#now;
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds;
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.pauses.push(milliseconds);
    this.pass(milliseconds);
  }
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Bytes nobody can guess, with their descriptor. */
export function someBlob(size: number): { readonly bytes: Buffer; readonly descriptor: BlobDescriptor } {
  const bytes = randomBytes(size);
  return { bytes, descriptor: { mediaType: mediaTypes.ociLayer, digest: digestOf(bytes), size } };
}

export interface BlobDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/** An empty image's manifest, told from others by its `note`. */
export function someManifest(
  note: string,
  more: object = {},
): { readonly bytes: Buffer; readonly descriptor: BlobDescriptor } {
  const config = { mediaType: mediaTypes.ociConfig, digest: digestOf(Buffer.from('{}')), size: 2 };
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: [],
    annotations: { note },
    ...more,
  };
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, descriptor: { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length } };
}

export async function read(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return await buffer(pieces);
}

/** Serves bytes as registries do: whole, or the range that was asked for. */
export function sendRange(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
  if (first === undefined) return void response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
  const end = Math.min(last === '' ? bytes.length : Number(last) + 1, bytes.length);
  const part = bytes.subarray(Number(first), end);
  const range = `bytes ${first}-${end - 1}/${bytes.length}`;
  response.writeHead(206, { 'content-length': part.length, 'content-range': range }).end(part);
}
