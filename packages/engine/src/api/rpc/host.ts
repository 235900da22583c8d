import http2 from 'node:http2';
import type { Log } from '@berth/model/context';
import type { RpcService } from './contract.ts';
import { MethodTable } from './method-table.ts';
import { ServerCall } from './server-call.ts';

export interface RpcHostOptions {
  readonly services: readonly RpcService[];
  readonly log: Log;
  /** Bytes of a message, each way; 16 MiB when absent, as containerd and kubelet have it. */
  readonly maxMessageSize?: number;
}

/** Bytes that a client may send ahead of a call's reader. Node's own 64 KiB make a large request wait for each of them. */
const window = 1 << 20;

const settings = { initialWindowSize: window, maxConcurrentStreams: 1024 };

/** MiB that a connection may hold in queues: some of the largest messages at once. Node's own 10 refuse further calls. */
const maxSessionMemory = 512;

/**
 * A gRPC server: HTTP/2 without TLS, protobuf messages, no compression; methods with one request and one or several
 * answers. It knows no dialect, and listens nowhere: connections are given to it as its `connection` event.
 */
export function createRpcHost(options: RpcHostOptions): http2.Http2Server {
  const { log, maxMessageSize = 16 << 20 } = options;
  const methods = new MethodTable(options.services);
  const server = http2.createServer({ settings, maxSessionMemory });
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    const refusal = refusalOf(headers);
    if (refusal === undefined) return void new ServerCall(stream, headers, { methods, maxMessageSize, log }).run();
    stream.on('error', () => undefined);
    stream.respond({ ':status': refusal }, { endStream: true });
    // What it sends is for nobody.
    stream.resume();
  });
  // A client that breaks HTTP/2's rules, or its connection: its calls are told by their streams.
  server.on('sessionError', (error) => log.debug('a connection failed', { error: error.message }));
  return server;
}

/** The status of what is no call of gRPC (PROTOCOL-HTTP2.md, "Requests"). */
function refusalOf(headers: http2.IncomingHttpHeaders): number | undefined {
  if (headers[':method'] !== 'POST') return 405;
  return /^application\/grpc(?:\+proto)?(?:;|$)/.test(headers['content-type'] ?? '') ? undefined : 415;
}
