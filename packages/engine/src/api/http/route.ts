import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import type { BerthError } from '@berth/model/error';

/**
 * One language that the host's clients speak: its routes, and how it words an error before the first byte of an
 * answer. A request belongs to the first dialect whose prefix its path has.
 */
export interface Dialect {
  /** `/berth/v1`: the path itself, and all below it. */
  readonly prefix: string;
  readonly routes: readonly Route[];
  readonly errorBody: (error: BerthError) => unknown;
  /** Absent, or undefined for an error: the status of the error's kind (`status.ts`). */
  readonly errorStatus?: (error: BerthError) => number | undefined;
  /** Sent with every answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * One verb of a dialect. `path` is matched by segments: `:name` takes one, `*name` one or more of them, joined by
 * slashes; a path has at most one of the latter. A route for GET that `answersHead` is asked for HEAD too; the host
 * leaves the body away.
 */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly answersHead?: boolean;
  readonly handle: (request: HttpRequest) => Promise<Reply> | Reply;
}

export interface HttpRequest {
  /** Unescaped. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Aborted when the client goes away before it has its answer. */
  readonly signal: AbortSignal;
  /** The client asked for this protocol in `Upgrade`. */
  readonly upgrade: string | undefined;
  readonly body: Readable;
  /** The body as JSON, undefined when empty. @throws invalid_argument, resource_exhausted */
  json(): Promise<unknown>;
}

export type ReplyHeaders = Readonly<Record<string, string>>;

/** What a handler answers; the host writes it. */
export type Reply =
  | { readonly json: unknown; readonly status?: number; readonly headers?: ReplyHeaders }
  | { readonly status: number; readonly headers?: ReplyHeaders }
  /** JSON lines. An error after the first line becomes a last line made by `onError`. */
  | { readonly lines: AsyncIterable<unknown>; readonly onError: (error: Error) => unknown }
  /** Whoever knows how many bytes there are says so in `headers`; else they go in chunks. */
  | {
      readonly bytes: AsyncIterable<Uint8Array>;
      readonly contentType: string;
      readonly status?: number;
      readonly headers?: ReplyHeaders;
    }
  /** 101, then the connection is the handler's; it must end it. */
  | { readonly upgrade: string; readonly take: (connection: Duplex) => Promise<void> };

/** Finds the route of a request; 405 is told apart from 404. */
export class RouteTable {
  readonly #routes: readonly { readonly route: Route; readonly pattern: readonly string[] }[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, pattern: route.path.split('/') }));
  }

  match(method: string, path: string): RouteMatch {
    const segments = path.split('/');
    let known = false;
    for (const { route, pattern } of this.#routes) {
      const params = matchSegments(pattern, segments);
      if (params === undefined) continue;
      if (route.method === method || (method === 'HEAD' && route.answersHead === true)) return { route, params };
      known = true;
    }
    return known ? 'method' : 'path';
  }
}

/** The route, or what did not match. */
export type RouteMatch = { readonly route: Route; readonly params: Record<string, string> } | 'method' | 'path';

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  const extra = segments.length - pattern.length;
  if (extra < 0) return undefined;
  let at = 0;
  for (const part of pattern) {
    const isMany = part.startsWith('*');
    const taken = segments.slice(at, at + (isMany ? extra + 1 : 1));
    at += taken.length;
    if (isMany || part.startsWith(':')) params[part.slice(1)] = taken.join('/');
    else if (part !== taken[0]) return undefined;
  }
  return at === segments.length ? params : undefined;
}
