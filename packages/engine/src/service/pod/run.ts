import type { CallContext } from '@berth/model/context';
import { asError, BerthError } from '@berth/model/error';
import type { PodConfig } from '@berth/model/pod-config';
import { signalNumber } from '@berth/model/signal';
import type { RuntimeHandler } from '@berth/runtime/handler/contract';
import { addContainer, type MadeContainer } from '../container/add.ts';
import type { ContainerEntry } from '../container/entry.ts';
import { newContainerId } from '../container/name.ts';
import { startContainer } from '../container/start.ts';
import { attachmentOf, isInHostNetwork, isInUserNamespace } from './attachment.ts';
import { type PodBackend, withoutClient } from './backend.ts';
import { cgroupMadeFor } from './cgroup-parent.ts';
import type { PodAddresses } from './contract.ts';
import { PodEntry } from './entry.ts';
import { makePodFiles } from './files.ts';
import { handlerOf } from './handler.ts';
import { checkPodMetadata, sandboxName } from './name.ts';
import { pauseImageOf, withPauseImage } from './pause-image.ts';
import { removePod } from './remove.ts';
import { sameJson } from './same-json.ts';

export interface RunRequest {
  readonly config: PodConfig;
  readonly runtimeHandler: string;
}

/** A ready pod, or nothing. It is finished also when the client leaves: the next equal call is given it. */
export async function runPod(backend: PodBackend, context: CallContext, request: RunRequest): Promise<string> {
  checkPodMetadata(request.config.metadata);
  const handler = handlerOf(backend, request.runtimeHandler);
  const { name, asked } = podReservation(context.namespace, request);
  await dropEndedLeftover(backend, name);
  const make = (): Promise<string> => makePod(backend, withoutClient(context), { ...request, handler });
  return await backend.podNames.take({ name, asked, client: context }, make);
}

export function podReservation(
  namespace: string,
  { config, runtimeHandler }: RunRequest,
): { readonly name: string; readonly asked: string } {
  return { name: `${namespace}/${sandboxName(config.metadata)}`, asked: sameJson({ config, runtimeHandler }) };
}

/** What was made for a client that left may have ended since: nobody is given a pod that is not ready. */
async function dropEndedLeftover(backend: PodBackend, name: string): Promise<void> {
  const pod = backend.pods.get(backend.podNames.unclaimed(name) ?? '');
  if (pod !== undefined && pod.state !== 'ready') await removePod(backend, pod);
}

interface Making extends RunRequest {
  readonly handler: RuntimeHandler;
}

async function makePod(backend: PodBackend, context: CallContext, making: Making): Promise<string> {
  const { config, runtimeHandler } = making;
  checkNetwork(backend, config);
  await making.handler.check();
  const identity = { namespace: context.namespace, id: newContainerId(), createdAt: Date.now() };
  const pod = new PodEntry(identity, { config, runtimeHandler, phase: 'making', netns: '' });
  pod.isHidden = true;
  try {
    const network = await bringUp(backend, context, { pod, handler: making.handler });
    pod.change({ phase: 'running', network });
    await backend.pods.save(pod);
    // Until here nobody hears of its end: it is hidden.
    if (pod.state !== 'ready') throw endedAtOnce(pod);
  } catch (error) {
    await abandon(backend, pod);
    throw error;
  }
  pod.isHidden = false;
  backend.events.tell('created', pod.id, pod);
  backend.events.tell('started', pod.id, pod);
  return pod.id;
}

/** @throws failed_precondition (`network_not_ready`) before anything is made */
function checkNetwork({ network }: PodBackend, config: PodConfig): void {
  const { ready, message } = network.status();
  if (ready || isInHostNetwork(config)) return;
  throw new BerthError('failed_precondition', `the network for pods is not ready: ${message}`, {
    code: 'network_not_ready',
  });
}

interface Sandbox {
  readonly pod: PodEntry;
  readonly handler: RuntimeHandler;
}

async function bringUp(backend: PodBackend, context: CallContext, sandbox: Sandbox): Promise<PodAddresses> {
  const { containers, namespaces, network, pods } = backend;
  const { pod } = sandbox;
  const { config } = pod.record;
  const isHost = isInHostNetwork(config);
  const isOwner = isInUserNamespace(config) && !isHost;
  pod.change({ madeCgroup: cgroupMadeFor(containers.cgroups, config, containers.cgroupParent) });
  if (!isHost && !isOwner) pod.change({ netns: namespaces.create(pod.id) });
  await pods.add(pod);
  if (isOwner) {
    await startSandbox(backend, context, sandbox);
    pod.change({ netns: namespaces.keep(pod.id, pod.sandbox?.state.pid ?? 0) });
    await pods.save(pod);
    return await network.attach(context, attachmentOf(pod));
  }
  const attach = isHost ? { ips: [] } : network.attach(context, attachmentOf(pod));
  return await bothOrFirstFailure(attach, startSandbox(backend, context, sandbox));
}

async function startSandbox(backend: PodBackend, context: CallContext, { pod, handler }: Sandbox): Promise<void> {
  const { containers, pods } = backend;
  await makePodFiles(containers, { id: pod.id, config: pod.record.config });
  const entry = await addSandbox(backend, context, { pod, handler });
  pods.addMember(pod, entry);
  await startContainer(containers, context, { entry, attach: undefined });
}

/** The plugins and the process come up side by side; what failed is undone when both have come to their ends. */
async function bothOrFirstFailure<T>(value: T | Promise<T>, other: Promise<void>): Promise<T> {
  const [first, second] = await Promise.allSettled([value, other]);
  if (first.status === 'rejected') throw asError(first.reason);
  if (second.status === 'rejected') throw asError(second.reason);
  return first.value;
}

async function addSandbox(
  backend: PodBackend,
  context: CallContext,
  { pod, handler }: Sandbox,
): Promise<ContainerEntry> {
  const { config, netns } = pod.record;
  const host = await backend.hostOf(handler);
  const image = await pauseImageOf(backend, context);
  const make = (): Promise<MadeContainer> => {
    const input = { id: pod.id, config, host, ...(netns === '' ? {} : { netns }) };
    const spec = withPauseImage(backend.specs.sandbox(input), image, host);
    const shown = { image: backend.settings.pauseImage, labels: config.labels };
    const part = { podId: pod.id, role: 'sandbox' } as const;
    return Promise.resolve({ config: shown, spec, stopSignal: signalNumber('TERM'), pod: part });
  };
  const name = sandboxName(config.metadata);
  return await addContainer(backend.containers, context, { id: pod.id, name, image, runtime: handler, make });
}

function endedAtOnce({ id, sandbox }: PodEntry): BerthError {
  return new BerthError('failed_precondition', `the sandbox of pod ${id} ended at once`, {
    code: 'sandbox_ended',
    hint: `its exit code is ${sandbox?.state.exitCode}: the pause image must run until it is told to end`,
  });
}

/** Takes back all of a pod that could not be made. What cannot be taken back is seen, not ready, until it can. */
async function abandon(backend: PodBackend, pod: PodEntry): Promise<void> {
  try {
    await removePod(backend, pod);
  } catch (error) {
    backend.log.error('a pod that could not be made was not cleaned up', { id: pod.id, error: asError(error).message });
    pod.isHidden = false;
    const { name, asked } = podReservation(pod.namespace, pod.record);
    backend.podNames.restore(name, asked, { id: pod.id, handed: true });
  }
}
