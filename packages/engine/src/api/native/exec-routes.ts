import type * as wire from '@berth/wire/native/api';
import { streamProtocol } from '@berth/wire/native/stream';
import type { HttpRequest, Reply, Route } from '../http/route.ts';
import { readBody, terminalSize } from './body.ts';
import { neededSize } from './container-routes.ts';
import { execCreateSchema } from './container-schema.ts';
import { callContext, type NativeBackend } from './backend.ts';
import { targetOf } from './container-target.ts';
import { serveStream } from './stream-session.ts';

/** Commands in running containers. */
export function execRoutes(backend: NativeBackend): Route[] {
  const { execs } = backend;
  return [
    {
      method: 'POST',
      path: '/containers/:ref/exec',
      handle: async (request) => {
        const config = await readBody(request, execCreateSchema);
        const { context, view } = targetOf(backend, request);
        const id = await execs.create(context, view.id, config);
        return { json: { id } satisfies wire.ExecCreated, status: 201 };
      },
    },
    {
      method: 'POST',
      path: '/exec/:id/start',
      handle: (request) => startExec(backend, request),
    },
    {
      method: 'POST',
      path: '/exec/:id/resize',
      handle: async (request) => {
        await execs.resize(callContext(backend, request), request.params['id'] ?? '', neededSize(request));
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/exec/:id',
      handle: (request) => {
        const { id, containerId, running, pid, exitCode } = execs.inspect(request.params['id'] ?? '');
        return { json: { id, containerId, running, pid, exitCode } satisfies wire.ExecDetail };
      },
    },
  ];
}

async function startExec(backend: NativeBackend, request: HttpRequest): Promise<Reply> {
  const { execs } = backend;
  const id = request.params['id'] ?? '';
  const context = callContext(backend, request);
  if (request.upgrade === undefined) {
    await execs.start(context, id);
    return { status: 204 };
  }
  const { config } = execs.inspect(id);
  const size = terminalSize(request);
  const asked = {
    stdin: config.attachStdin === true,
    output: config.attachOutput !== false,
    ...(size === undefined ? {} : { size }),
  };
  return {
    upgrade: streamProtocol,
    take: (connection) =>
      serveStream(connection, {
        ...asked,
        closeStdinWhenGone: config.tty !== true,
        open: async (lines) => {
          const stream = await execs.start(context, id, { ...asked, ...lines });
          if (stream === undefined) throw new Error(`exec ${id} gave no stream`);
          return stream;
        },
      }),
  };
}
