import type { Readable } from 'node:stream';
import type { Duplex } from 'node:stream';

/** One verb of a dialect. `path` is matched by segments; `:name` takes one segment. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly handle: (request: HttpRequest) => Promise<Reply> | Reply;
}

export interface HttpRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Aborted when the client goes away before it has its answer. */
  readonly signal: AbortSignal;
  /** The client asked for this protocol in `Upgrade`. */
  readonly upgrade: string | undefined;
  readonly body: Readable;
  /** The body as JSON, undefined when empty. @throws invalid_argument, resource_exhausted */
  json(): Promise<unknown>;
}

/** What a handler answers; the host writes it. */
export type Reply =
  | { readonly json: unknown; readonly status?: number }
  | { readonly status: number }
  /** JSON lines. An error after the first line becomes a last line made by `onError`. */
  | { readonly lines: AsyncIterable<unknown>; readonly onError: (error: Error) => unknown }
  | { readonly bytes: AsyncIterable<Uint8Array>; readonly contentType: string }
  /** 101, then the connection is the handler's; it must end it. */
  | { readonly upgrade: string; readonly take: (connection: Duplex) => Promise<void> };

/** Finds the route of a request; 405 is told apart from 404. */
export class RouteTable {
  readonly #routes: readonly { readonly route: Route; readonly segments: readonly string[] }[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, segments: route.path.split('/') }));
  }

  match(method: string, path: string): RouteMatch {
    const segments = path.split('/');
    let known = false;
    for (const { route, segments: pattern } of this.#routes) {
      const params = matchSegments(pattern, segments);
      if (params === undefined) continue;
      if (route.method === method) return { route, params };
      known = true;
    }
    return known ? 'method' : 'path';
  }
}

/** The route, or what did not match. */
export type RouteMatch = { readonly route: Route; readonly params: Record<string, string> } | 'method' | 'path';

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}
