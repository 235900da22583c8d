import { BerthError } from '@berth/model/error';
import type { ContainerSummary } from '@berth/wire/native/api';
import { streamProtocol } from '@berth/wire/native/stream';
import type { ContainerView, TerminalSize } from '#service/container/contract';
import type { HttpRequest, Reply, Route } from '../http/route.ts';
import { flag, readBody, required, terminalSize, wholeNumber } from './body.ts';
import { containerFilter } from './container-filter.ts';
import { containerCreateSchema } from './container-schema.ts';
import { contexts } from './all-namespaces.ts';
import { callContext, type NativeBackend } from './backend.ts';
import { isLive, removeTarget, startTarget, stopTarget, type Target, targetOf } from './container-target.ts';
import { containerSummary, podsOf } from './container-view.ts';
import { serveStream } from './stream-session.ts';

/** The life of a container. */
export function containerRoutes(backend: NativeBackend): Route[] {
  const { containers } = backend;
  return [
    {
      method: 'POST',
      path: '/containers',
      handle: async (request) => {
        const config = await readBody(request, containerCreateSchema);
        return { json: await containers.create(callContext(backend, request), config), status: 201 };
      },
    },
    { method: 'GET', path: '/containers', handle: (request) => ({ json: listContainers(backend, request) }) },
    ...lifeRoutes(backend),
    ...changeRoutes(backend),
    { method: 'POST', path: '/containers/:ref/attach', handle: (request) => attach(backend, request) },
  ];
}

function lifeRoutes(backend: NativeBackend): Route[] {
  return [
    on(backend, 'start', (target) => startTarget(backend, target)),
    on(backend, 'stop', async (target, request) => {
      const timeout = wholeNumber(request, 'timeout');
      const signal = request.query.get('signal') ?? undefined;
      return { json: { stopped: await stopTarget(backend, target, some({ timeout, signal })) } };
    }),
    {
      method: 'DELETE',
      path: '/containers/:ref',
      handle: async (request) => {
        await removeTarget(backend, targetOf(backend, request), flag(request, 'force'));
        return { status: 204 };
      },
    },
  ];
}

function changeRoutes(backend: NativeBackend): Route[] {
  const { containers } = backend;
  return [
    on(backend, 'kill', ({ context, view }, request) =>
      containers.kill(context, view.id, request.query.get('signal') ?? 'KILL'),
    ),
    on(backend, 'pause', ({ context, view }) => containers.pause(context, view.id)),
    on(backend, 'unpause', ({ context, view }) => containers.unpause(context, view.id)),
    on(backend, 'rename', ({ context, view }, request) =>
      containers.rename(context, checkOutside(view).id, required(request, 'name')),
    ),
    on(backend, 'resize', ({ context, view }, request) => containers.resize(context, view.id, neededSize(request))),
    on(backend, 'wait', async ({ context, view }, request) => ({
      json: await containers.wait(context, view.id, waitCondition(request)),
    })),
  ];
}

type Act = (target: Target, request: HttpRequest) => Promise<Reply | void>;

/** POST /containers/REF/VERB */
function on(backend: NativeBackend, verb: string, act: Act): Route {
  return {
    method: 'POST',
    path: `/containers/:ref/${verb}`,
    handle: async (request) => (await act(targetOf(backend, request), request)) ?? { status: 204 },
  };
}

/** The names of a pod's containers are made of their pod's and their own: that is what keeps them apart. */
function checkOutside(view: ContainerView): ContainerView {
  if (view.pod === undefined) return view;
  throw new BerthError('failed_precondition', `${view.name} is a container of a pod, whose name is not changed`, {
    code: 'in_pod',
  });
}

/** @throws invalid_argument when the query has no size */
export function neededSize(request: HttpRequest): TerminalSize {
  const size = terminalSize(request);
  if (size !== undefined) return size;
  throw new BerthError('invalid_argument', 'rows and columns are missing from the query', { code: 'bad_field' });
}

function attach(backend: NativeBackend, request: HttpRequest): Reply {
  const start = flag(request, 'start');
  const { context, view } = targetOf(backend, request);
  if (!start && !isLive(view)) throw notRunning(view);
  const asked = {
    stdin: flag(request, 'stdin'),
    output: flag(request, 'output'),
    ...some({ size: terminalSize(request) }),
  };
  return {
    upgrade: streamProtocol,
    take: (connection) =>
      serveStream(connection, {
        ...asked,
        closeStdinWhenGone: view.config.stdinOnce === true && view.config.tty !== true,
        open: async (lines) => {
          const wish = { ...asked, ...lines };
          // A pod starts its containers itself; what they print before the line is there is in their log.
          if (start && view.pod !== undefined) await startTarget(backend, { context, view });
          else if (start) {
            const opened = await backend.containers.start(context, view.id, wish);
            if (opened !== undefined) return opened;
          }
          return await backend.containers.attach(context, view.id, wish);
        },
      }),
  };
}

function notRunning(view: ContainerView): BerthError {
  return new BerthError('failed_precondition', `container ${view.name} is not running`, {
    code: 'not_running',
    hint: `start it first: berth start ${view.name}`,
  });
}

/** Newest first. Those that only hold the namespaces of a pod are shown as pods. */
function listContainers(backend: NativeBackend, request: HttpRequest): readonly ContainerSummary[] {
  const wanted = containerFilter(request.query.getAll('filter'));
  const all = flag(request, 'all');
  const found = contexts(backend, request).map((context) => {
    const shown = backend.containers
      .list(context)
      .filter((view) => view.pod?.role !== 'sandbox' && (all || isLive(view)) && wanted(view));
    const pods = podsOf(backend, context, shown);
    return shown.map((view) => ({ view, summary: containerSummary(view, pods) }));
  });
  const sorted = found.flat().toSorted((a, b) => b.view.createdAt - a.view.createdAt);
  return sorted.map(({ summary }) => summary);
}

function waitCondition(request: HttpRequest): 'not-running' | 'next-exit' | 'removed' {
  const condition = request.query.get('condition') ?? 'not-running';
  if (condition === 'not-running' || condition === 'next-exit' || condition === 'removed') return condition;
  throw new BerthError('invalid_argument', `unknown wait condition '${condition}'`, {
    hint: 'not-running, next-exit or removed',
  });
}

function some<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
