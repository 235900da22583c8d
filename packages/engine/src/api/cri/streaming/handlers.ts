import type { CallContext, Log } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import type { RuntimeService } from '@berth/wire/gen/cri/v1/api_pb';
import type { RpcHandlers } from '../../rpc/contract.ts';
import type { CriBackend } from '../backend.ts';
import { criContext, criNamespace } from '../context.ts';
import { badField, requiredText, texts, wholeNumber } from '../field.ts';
import { runAttach } from './attach.ts';
import { runExec } from './exec.ts';
import { streamChoice } from './stream-choice.ts';

export type StreamingHandlers = Pick<RpcHandlers<typeof RuntimeService>, 'exec' | 'attach' | 'portForward'>;

type Backend = Pick<CriBackend, 'pods' | 'podContainers' | 'podPorts' | 'containers' | 'execs' | 'streaming' | 'log'>;

/** The methods that answer with a URL. What can be wrong is told here already: who connects to a URL hears little. */
export function streamingHandlers(backend: Backend): StreamingHandlers {
  const { streaming } = backend;
  return {
    async exec(call, request) {
      if (request.cmd.length === 0) throw badField('cmd', 'is empty');
      const command = texts(request.cmd, 'cmd');
      const streams = streamChoice(request);
      const container = runningContainer(backend, criContext(call), request.containerId);
      const run = { context: laterContext(backend.log), container, command, streams };
      return { url: streaming.exec({ ...streams, run: (lines) => runExec(backend, run, lines) }) };
    },
    async attach(call, request) {
      const streams = streamChoice(request);
      const container = runningContainer(backend, criContext(call), request.containerId);
      const run = { context: laterContext(backend.log), container, streams };
      return { url: streaming.attach({ ...streams, run: (lines) => runAttach(backend, run, lines) }) };
    },
    async portForward(call, { podSandboxId, port }) {
      const ports = port.map((one, at) => wholeNumber(one, `port[${at}]`, { least: 1, most: 65_535 }));
      const { id, state } = backend.pods.inspect(criContext(call), requiredText(podSandboxId, 'pod_sandbox_id'));
      if (state !== 'ready') {
        throw new BerthError('failed_precondition', `pod ${id} is not ready`, { code: 'pod_not_ready' });
      }
      const context = laterContext(backend.log);
      return { url: streaming.portForward({ ports, connect: (to) => backend.podPorts.connect(context, id, to) }) };
    },
  };
}

/** Of what happens at the URL: its call is over by then. */
function laterContext(log: Log): CallContext {
  return { signal: new AbortController().signal, namespace: criNamespace, log };
}

/** Its whole id. @throws not_found, failed_precondition (`not_running`) */
function runningContainer({ podContainers }: Backend, context: CallContext, ref: string): string {
  const { id, status } = podContainers.inspect(context, requiredText(ref, 'container_id'));
  if (status === 'running') return id;
  throw new BerthError('failed_precondition', `container ${id} is ${status}, not running`, { code: 'not_running' });
}
