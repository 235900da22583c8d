import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { pipeline } from 'node:stream';

export interface FrontOptions {
  /** The daemon's. */
  readonly socket: string;
  readonly namespace: string;
  /** PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** What a client may tell the daemon; all else, above all our own headers, stays outside. */
const passedOn = ['accept', 'range', 'if-range', 'if-none-match', 'user-agent'] as const;

/** Of one connection (RFC 9110, 7.6.1). */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'trailer',
  'te',
  'proxy-authenticate',
]);

/**
 * The daemon's registry as the network may see it: what one namespace's images need, to be read.
 * @throws Error for a certificate or key that is none
 */
export function createFront(options: FrontOptions): Server {
  const listener: RequestListener = (message, response) => forward(options, message, response);
  return options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
}

function forward(options: FrontOptions, message: IncomingMessage, response: ServerResponse): void {
  const { method = 'GET' } = message;
  const page = pageOf(message.url ?? '/');
  if (page === undefined) return refuse(response, 404, 'UNSUPPORTED', 'only a registry is served here, below /v2/');
  if (method !== 'GET' && method !== 'HEAD') {
    return refuse(response, 405, 'UNSUPPORTED', 'this registry is only read');
  }
  const headers = { ...pick(message.headers), 'berth-namespace': options.namespace, 'berth-reach': 'repository' };
  const upstream = request({ socketPath: options.socket, method, path: page, headers, agent: false });
  upstream.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
    // A failure on either side closes both: the client sees that its bytes are not all there.
    pipeline(answer, response, () => undefined);
  });
  upstream.on('error', () => {
    if (response.headersSent) response.destroy();
    else refuse(response, 503, 'UNAVAILABLE', 'the daemon of this registry does not answer');
  });
  response.on('close', () => upstream.destroy());
  upstream.end();
}

/**
 * The page that is asked for, when it is the registry's. As the daemon will read it: dots that climb out of /v2/ would
 * otherwise reach everything that its owner may do.
 */
function pageOf(url: string): string | undefined {
  if (!URL.canParse(url, 'http://registry')) return undefined;
  const { pathname, search } = new URL(url, 'http://registry');
  return pathname === '/v2' || pathname.startsWith('/v2/') ? pathname + search : undefined;
}

function pick(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(passedOn.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message, detail: null }] }));
}
