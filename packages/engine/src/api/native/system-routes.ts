import type * as wire from '@berth/wire/native/api';
import { BerthError } from '@berth/model/error';
import type { HttpRequest, Route } from '../http/route.ts';
import { apiError } from './api-error.ts';
import { callContext, type NativeBackend } from './backend.ts';

/** The daemon itself and its events. */
export function systemRoutes(backend: NativeBackend): Route[] {
  const { system } = backend;
  return [
    { method: 'GET', path: '/ping', handle: () => ({ json: system.identity satisfies wire.Ping }) },
    {
      method: 'GET',
      path: '/info',
      handle: async (request) => {
        const info = await system.info(callContext(backend, request));
        return { json: { ...system.identity, ...info } satisfies wire.Info };
      },
    },
    {
      method: 'POST',
      path: '/shutdown',
      handle: () => {
        // The answer first: the client wants to read it.
        setImmediate(() => system.shutdown());
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/events',
      handle: (request) => ({
        lines: eventLines(backend, request, eventSpan(request)),
        onError: (error) => ({ error: apiError(error) }),
      }),
    },
  ];
}

async function* eventLines(
  { events }: NativeBackend,
  { signal }: HttpRequest,
  { since, until }: EventSpan,
): AsyncIterable<wire.EngineEvent> {
  const queue = since === undefined ? [] : events.recent().filter(({ at }) => at >= since);
  let wake = () => {};
  const end = events.subscribe((event) => {
    queue.push(event);
    wake();
  });
  const over = until === undefined ? signal : AbortSignal.any([signal, timeoutAt(until)]);
  over.addEventListener('abort', () => wake(), { once: true });
  try {
    while (!signal.aborted) {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        const { at, ...rest } = event;
        if (until === undefined || at <= until) yield { ...rest, time: new Date(at).toISOString() };
      }
      if (over.aborted) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    end();
  }
}

/** Milliseconds since 1970. */
interface EventSpan {
  readonly since: number | undefined;
  readonly until: number | undefined;
}

function eventSpan(request: HttpRequest): EventSpan {
  return { since: moment(request, 'since'), until: moment(request, 'until') };
}

/** RFC 3339, or seconds since 1970 as docker's clients send them. @throws invalid_argument */
function moment(request: HttpRequest, name: string): number | undefined {
  const text = request.query.get(name);
  if (text === null || text === '') return undefined;
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isFinite(value)) return value;
  throw new BerthError('invalid_argument', `${name} is not a time: ${text}`, {
    code: 'bad_field',
    hint: 'give RFC 3339, or seconds since 1970',
  });
}

/** Timers count to 24 days. */
function timeoutAt(until: number): AbortSignal {
  return AbortSignal.timeout(Math.min(Math.max(0, until - Date.now()), 2 ** 31 - 1));
}
