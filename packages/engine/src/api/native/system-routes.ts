import type * as wire from '@berth/wire/native/api';
import type { EngineEvent } from '#service/event/contract';
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
        lines: eventLines(backend, request),
        onError: (error) => ({ error: apiError(error) }),
      }),
    },
  ];
}

async function* eventLines(backend: NativeBackend, request: HttpRequest): AsyncIterable<wire.EngineEvent> {
  const queue: EngineEvent[] = [];
  let wake = () => {};
  const end = backend.events.subscribe((event) => {
    queue.push(event);
    wake();
  });
  request.signal.addEventListener('abort', () => wake(), { once: true });
  try {
    while (!request.signal.aborted) {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        const { at, ...rest } = event;
        yield { ...rest, time: new Date(at).toISOString() };
      }
      if (!request.signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    end();
  }
}
