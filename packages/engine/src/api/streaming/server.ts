import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import { asError, BerthError } from '@berth/model/error';
import type { CommandSession, PortForwardSession, StreamingServer } from './contract.ts';
import { refuse } from './respond.ts';
import { serveUpgrade, type Streaming, type StreamingUrl } from './serve-upgrade.ts';
import type { StreamingSettings } from './settings.ts';
import { Tokens } from './tokens.ts';

/** The reference server's. */
const defaultCreationTimeout = 30_000;

/** How long a connection that is no stream may take for its request, ms. */
const requestTimeout = 30_000;

const unknownUrl = 'no such stream: its URL is unknown, used already or older than a minute';

/** @throws unavailable (`cannot_listen`) */
export async function openStreamingServer(settings: StreamingSettings): Promise<StreamingServer> {
  const server = createServer({ requestTimeout, keepAliveTimeout: 5_000 });
  await listen(server, settings);
  return new HttpStreamingServer(server, settings);
}

async function listen(server: Server, { address, port }: StreamingSettings): Promise<void> {
  try {
    server.listen(port, address);
    await once(server, 'listening');
  } catch (cause) {
    throw new BerthError('unavailable', `cannot stream on ${address} port ${port}: ${asError(cause).message}`, {
      code: 'cannot_listen',
      hint: 'set cri.stream_address and cri.stream_port to an address of this machine and a port that is free',
      cause,
    });
  }
}

class HttpStreamingServer implements StreamingServer {
  readonly #server: Server;
  readonly #settings: StreamingSettings;
  readonly #tokens = new Tokens<StreamingUrl>();
  readonly #connections = new Set<Duplex>();

  constructor(server: Server, settings: StreamingSettings) {
    this.#server = server;
    this.#settings = settings;
    server.on('connection', (connection) => this.#track(connection));
    server.on('upgrade', (request, connection, head) => void this.#upgrade(request, connection, head));
    server.on('request', (request, response) => this.#answer(request, response));
    server.on('clientError', (_error, connection) => {
      if (connection.writable) refuse(connection, 400, { text: 'not a request' });
    });
  }

  exec(session: CommandSession): string {
    return this.#url({ kind: 'exec', session });
  }

  attach(session: CommandSession): string {
    return this.#url({ kind: 'attach', session });
  }

  portForward(session: PortForwardSession): string {
    return this.#url({ kind: 'portforward', session });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }

  #url(url: StreamingUrl): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${isIPv6(address) ? `[${address}]` : address}:${port}/${url.kind}/${this.#tokens.give(url)}`;
  }

  /** Upgraded connections are nobody's but ours: node:http forgets them. */
  #track(connection: Duplex): void {
    this.#connections.add(connection);
    connection.once('close', () => this.#connections.delete(connection));
  }

  /** A URL that is used in a wrong way is used all the same. */
  #answer(request: IncomingMessage, response: ServerResponse): void {
    const isMethod = request.method === 'GET' || request.method === 'POST';
    const status = !isMethod ? 405 : this.#find(request) === undefined ? 404 : 400;
    const text =
      status === 404 ? unknownUrl : 'a stream is asked for with GET or POST, by an upgrade to SPDY/3.1 or WebSocket';
    response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
  }

  async #upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): Promise<void> {
    // Each reader hears of a break by itself.
    connection.on('error', () => undefined);
    const found = this.#find(request);
    if (found === undefined) {
      refuse(connection, 404, { text: unknownUrl });
      return;
    }
    if (head.length > 0) connection.unshift(head);
    const { idleTimeout, creationTimeout = defaultCreationTimeout, log } = this.#settings;
    const streaming: Streaming = { request, connection, idleTimeout, creationTimeout };
    try {
      await serveUpgrade(streaming, found);
    } catch (error) {
      log.error('a stream failed', { stream: found.kind, error: asError(error).stack });
      connection.destroy();
    }
  }

  #find({ url = '' }: IncomingMessage): StreamingUrl | undefined {
    const [, kind, token] = /^\/([a-z]+)\/([\w-]+)\/?(?:\?.*)?$/.exec(url) ?? [];
    const found = token === undefined ? undefined : this.#tokens.take(token);
    return found?.kind === kind ? found : undefined;
  }
}
