import path from 'node:path';
import type { CallContext } from '@berth/model/context';
import type { PodContainerConfig } from '@berth/model/pod-config';
import { signalNumber } from '@berth/model/signal';
import type { ReadyImage } from '#service/image/contract';
import { addContainer, type MadeContainer, type ReadText } from '../container/add.ts';
import { readyImage } from '../container/create.ts';
import { newContainerId } from '../container/name.ts';
import { type PodBackend, withoutClient } from './backend.ts';
import type { PodContainerPart } from './contract.ts';
import type { PodEntry } from './entry.ts';
import { podFiles } from './files.ts';
import { handlerOf } from './handler.ts';
import { containerVolumes } from './image-volume/container-volumes.ts';
import type { ImageVolume } from './image-volume/contract.ts';
import { checkContainerMetadata, containerName } from './name.ts';
import { targetPid } from './process-target.ts';
import { sameJson } from './same-json.ts';
import type { PodSpecHost } from './spec/contract.ts';

/** Made, not started. It is finished also when the client leaves: the next equal call is given it. */
export async function createPodContainer(
  backend: PodBackend,
  context: CallContext,
  { ref, config }: { readonly ref: string; readonly config: PodContainerConfig },
): Promise<string> {
  checkContainerMetadata(config.metadata);
  const pod = backend.pods.find(context.namespace, ref);
  const { name, asked } = containerReservation(pod, config);
  const make = (): Promise<string> => pod.use(() => makeContainer(backend, withoutClient(context), { pod, config }));
  return await backend.containerNames.take({ name, asked, client: context }, make);
}

export function containerReservation(
  pod: PodEntry,
  config: PodContainerConfig,
): { readonly name: string; readonly asked: string } {
  return { name: `${pod.id}/${containerName(pod.record.config.metadata, config.metadata)}`, asked: sameJson(config) };
}

interface Making {
  readonly pod: PodEntry;
  readonly config: PodContainerConfig;
}

async function makeContainer(backend: PodBackend, context: CallContext, { pod, config }: Making): Promise<string> {
  const { containers, pods, events } = backend;
  const id = newContainerId();
  const image = await readyImage(containers, context, config.image.image);
  const runtime = handlerOf(backend, pod.record.runtimeHandler);
  const host = await backend.hostOf(runtime);
  const name = containerName(pod.record.config.metadata, config.metadata);
  const podPid = pod.sandbox?.state.pid ?? 0;
  const volumesOf = { podId: pod.id, podPid, pod: pod.record.config, config };
  const imageVolumes = await containerVolumes(backend.imageVolumes, context, volumesOf);
  const make = (readText: ReadText): Promise<MadeContainer> =>
    Promise.resolve(madeOf(backend, { pod, config, id, image, imageVolumes, readText, host }));
  const entry = await addContainer(containers, context, { id, name, image, runtime, make });
  pods.addMember(pod, entry);
  events.tell('created', id, pod);
  return id;
}

interface Ingredients extends Making {
  readonly id: string;
  readonly image: ReadyImage;
  readonly imageVolumes: ReadonlyMap<number, ImageVolume>;
  readonly readText: ReadText;
  readonly host: PodSpecHost;
}

function madeOf(
  backend: PodBackend,
  { pod, config, id, image, imageVolumes, readText, host }: Ingredients,
): MadeContainer {
  const { config: podConfig, netns } = pod.record;
  const { targetId, pid } = config.security.namespaces;
  const made = backend.specs.container({
    id,
    pod: podConfig,
    podId: pod.id,
    podPid: pod.sandbox?.state.pid ?? 0,
    netns,
    files: podFiles(backend.containers, { id: pod.id, config: podConfig }),
    config,
    image: image.config.config,
    readText,
    ...(pid === 'target' ? { targetPid: targetPid(backend, pod, targetId) } : {}),
    imageVolumes,
    host,
  });
  const container: PodContainerPart = {
    config,
    imageId: image.configDigest,
    imageRef: image.repoDigest,
    logPath: logPath(podConfig.logDirectory, config.logPath),
    mounts: made.mounts,
    user: made.user,
    resources: config.resources,
    imageVolumes: [...imageVolumes.values()].map(({ digest }) => digest),
  };
  const shown = {
    image: config.image.userSpecified || config.image.image,
    labels: config.labels,
    tty: config.tty,
    openStdin: config.stdin,
    stdinOnce: config.stdinOnce,
  };
  const part = { podId: pod.id, role: 'container', container } as const;
  return { config: shown, spec: made.spec, stopSignal: signalNumber(made.stopSignal), pod: part };
}

function logPath(directory: string, name: string): string {
  return directory === '' || name === '' ? '' : path.join(directory, name);
}
