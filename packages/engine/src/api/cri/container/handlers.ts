import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { RpcHandlers } from '../../rpc/contract.ts';
import type { CriBackend } from '../backend.ts';
import { batches } from '../batches.ts';
import { criContext } from '../context.ts';
import { encodedList } from '../encoded-items.ts';
import { badField, requiredText, texts, wholeNumber } from '../field.ts';
import { containerConfig } from './config.ts';
import { containerFilter } from './filter.ts';
import { containerInfo } from './info.ts';
import { resources } from './resources.ts';
import { containerStatus, encodedContainerItem } from './status.ts';

export type ContainerHandlers = LifeHandlers & ViewHandlers & WorkHandlers;

type Backend = Pick<CriBackend, 'podContainers' | 'containers'>;
type Handlers<K extends keyof RpcHandlers<typeof wire.RuntimeService>> = Pick<
  RpcHandlers<typeof wire.RuntimeService>,
  K
>;
type LifeHandlers = Handlers<'createContainer' | 'startContainer' | 'stopContainer' | 'removeContainer'>;
type ViewHandlers = Handlers<'listContainers' | 'streamContainers' | 'containerStatus'>;
type WorkHandlers = Handlers<'updateContainerResources' | 'reopenContainerLog' | 'execSync' | 'checkpointContainer'>;

const { ListContainersResponseSchema: listed, StreamContainersResponseSchema: streamed } = wire;

/** The methods about containers of pods; those that stream their input and output are in ../streaming. */
export function containerHandlers(backend: Backend): ContainerHandlers {
  return { ...lifeHandlers(backend), ...viewHandlers(backend), ...workHandlers(backend) };
}

function lifeHandlers({ podContainers }: Backend): LifeHandlers {
  return {
    // The pod's configuration comes along with each container; what counts is what the pod was made with.
    async createContainer(call, { podSandboxId, config }) {
      const pod = requiredText(podSandboxId, 'pod_sandbox_id');
      return { containerId: await podContainers.create(criContext(call), pod, containerConfig(config)) };
    },
    async startContainer(call, { containerId }) {
      await podContainers.start(criContext(call), idOf(containerId));
      return {};
    },
    async stopContainer(call, { containerId, timeout }) {
      await podContainers.stop(criContext(call), idOf(containerId), wholeNumber(timeout, 'timeout'));
      return {};
    },
    async removeContainer(call, { containerId }) {
      await podContainers.remove(criContext(call), idOf(containerId));
      return {};
    },
  };
}

function viewHandlers({ podContainers, containers }: Backend): ViewHandlers {
  return {
    async listContainers(call, { filter }) {
      const found = podContainers.list(criContext(call), containerFilter(filter));
      return encodedList(listed, listed.field.containers.number, found.map(encodedContainerItem));
    },
    async *streamContainers(call, { filter }) {
      for (const part of batches(podContainers.list(criContext(call), containerFilter(filter))))
        yield encodedList(streamed, streamed.field.containers.number, part.map(encodedContainerItem));
    },
    async containerStatus(call, { containerId, verbose }) {
      const context = criContext(call);
      const view = podContainers.inspect(context, idOf(containerId));
      const info = verbose ? containerInfo(view, containers.inspect(context, view.id)) : {};
      return { status: containerStatus(view), info };
    },
  };
}

function workHandlers({ podContainers }: Backend): WorkHandlers {
  return {
    async updateContainerResources(call, { containerId, linux }) {
      await podContainers.updateResources(criContext(call), idOf(containerId), resources(linux, 'linux'));
      return {};
    },
    async reopenContainerLog(call, { containerId }) {
      await podContainers.reopenLog(criContext(call), idOf(containerId));
      return {};
    },
    async execSync(call, { containerId, cmd, timeout }) {
      if (cmd.length === 0) throw badField('cmd', 'is empty');
      const request = { command: texts(cmd, 'cmd'), timeout: wholeNumber(timeout, 'timeout') };
      return podContainers.execSync(criContext(call), idOf(containerId), request);
    },
    async checkpointContainer(call, { containerId, location, timeout }) {
      if (!location.startsWith('/')) throw badField('location', `is '${location}', and must be an absolute path`);
      const request = { location, timeout: wholeNumber(timeout, 'timeout') };
      await podContainers.checkpoint(criContext(call), idOf(containerId), request);
      return {};
    },
  };
}

/** An empty one would be the start of every id. */
function idOf(ref: string): string {
  return requiredText(ref, 'container_id');
}
