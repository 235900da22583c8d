import { BerthError } from '@berth/model/error';
import { streamProtocol } from '@berth/wire/native/stream';
import type { ContainerView, TerminalSize } from '#service/container/contract';
import type { HttpRequest, Reply, Route } from '../http/route.ts';
import { flag, readBody, required, terminalSize, wholeNumber } from './body.ts';
import { containerFilter } from './container-filter.ts';
import { containerCreateSchema } from './container-schema.ts';
import { containerSummary } from './container-view.ts';
import { callContext, type NativeBackend } from './backend.ts';
import { serveStream } from './stream-session.ts';

/** The life of a container. */
export function containerRoutes(backend: NativeBackend): Route[] {
  const { containers } = backend;
  const on = (method: 'POST' | 'DELETE', path: string, act: Act): Route => ({
    method,
    path,
    handle: async (request) => (await act(request, request.params['ref'] ?? '')) ?? { status: 204 },
  });
  const context = (request: HttpRequest) => callContext(backend, request);
  return [
    on('POST', '/containers', async (request) => {
      const config = await readBody(request, containerCreateSchema);
      return { json: await containers.create(context(request), config), status: 201 };
    }),
    { method: 'GET', path: '/containers', handle: (request) => ({ json: listContainers(backend, request) }) },
    on('POST', '/containers/:ref/start', async (request, ref) => void (await containers.start(context(request), ref))),
    on('POST', '/containers/:ref/stop', async (request, ref) => {
      const timeout = wholeNumber(request, 'timeout');
      const signal = request.query.get('signal') ?? undefined;
      return { json: { stopped: await containers.stop(context(request), ref, { ...some({ timeout, signal }) }) } };
    }),
    on('POST', '/containers/:ref/kill', (request, ref) =>
      containers.kill(context(request), ref, request.query.get('signal') ?? 'KILL'),
    ),
    on('POST', '/containers/:ref/pause', (request, ref) => containers.pause(context(request), ref)),
    on('POST', '/containers/:ref/unpause', (request, ref) => containers.unpause(context(request), ref)),
    on('POST', '/containers/:ref/rename', (request, ref) =>
      containers.rename(context(request), ref, required(request, 'name')),
    ),
    on('POST', '/containers/:ref/resize', (request, ref) =>
      containers.resize(context(request), ref, neededSize(request)),
    ),
    on('DELETE', '/containers/:ref', (request, ref) =>
      containers.remove(context(request), ref, { force: flag(request, 'force') }),
    ),
    on('POST', '/containers/:ref/wait', async (request, ref) => ({
      json: await containers.wait(context(request), ref, waitCondition(request)),
    })),
    on('POST', '/containers/:ref/attach', (request, ref) => attach(backend, request, ref)),
  ];
}

type Act = (request: HttpRequest, ref: string) => Promise<Reply | void> | Reply;

/** @throws invalid_argument when the query has no size */
export function neededSize(request: HttpRequest): TerminalSize {
  const size = terminalSize(request);
  if (size !== undefined) return size;
  throw new BerthError('invalid_argument', 'rows and columns are missing from the query', { code: 'bad_field' });
}

async function attach(backend: NativeBackend, request: HttpRequest, ref: string): Promise<Reply> {
  const start = flag(request, 'start');
  const context = callContext(backend, request);
  const view = backend.containers.inspect(context, ref);
  if (!start && view.state.status !== 'running' && view.state.status !== 'paused') throw notRunning(view);
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
          const opened = start
            ? await backend.containers.start(context, view.id, { ...asked, ...lines })
            : await backend.containers.attach(context, view.id, { ...asked, ...lines });
          if (opened !== undefined) return opened;
          return await backend.containers.attach(context, view.id, { ...asked, ...lines });
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

function listContainers(backend: NativeBackend, request: HttpRequest): unknown {
  const all = backend.containers.list(callContext(backend, request));
  const shown = flag(request, 'all') ? all : all.filter(({ state }) => isLive(state.status));
  return shown.filter(containerFilter(request.query.getAll('filter'))).map(containerSummary);
}

function isLive(status: string): boolean {
  return status === 'running' || status === 'paused';
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
