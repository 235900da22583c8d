import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Log } from '@berth/model/context';
import type { RuntimeHandler } from '@berth/runtime/handler/contract';
import { hasAppArmor, hasSelinux } from '@berth/runtime/launch/security-module';
import type { CriBackend } from '#api/cri/backend';
import { openStreamingServer } from '#api/streaming/server';
import type { ContainerBackend } from '#service/container/backend';
import type { ContainerService, ExecService } from '#service/container/contract';
import { rootTarget } from '#service/container/places';
import type { ImageBackend } from '#service/image/backend';
import type { ImageTransfers } from '#service/image/contract';
import { createHostImages } from '#service/image/host-images';
import { networkNamespaces } from '#service/network/namespaces';
import { openPodNetwork } from '#service/network/open';
import { createImageVolumes } from '#service/pod/image-volume/image-volumes';
import { podFolders } from '#service/pod/files';
import { createPodServices } from '#service/pod/pods';
import { createPodPorts } from '#service/pod/port-forward';
import { PodRegistry } from '#service/pod/registry';
import type { PodSpecHost } from '#service/pod/spec/contract';
import { podSpecs } from '#service/pod/spec/pod-specs';
import { createPodStats } from '#service/pod-stats/pod-stats';
import type { Stores } from '#store/open-stores';
import { criFacts } from './compose-cri-facts.ts';
import type { DaemonConfig } from './config.ts';
import { findLauncher } from './install.ts';
import { installPauseProgram } from './pause-program.ts';

export interface PodEngineParts {
  readonly backend: ContainerBackend;
  readonly stores: Stores;
  readonly containers: ContainerService;
  readonly execs: ExecService;
  readonly images: ImageBackend;
  readonly transfers: ImageTransfers;
  readonly log: Log;
}

/** All that Kubernetes needs besides containers, whose recovery has been. Disposing closes it; pods go on. */
export async function composePods(
  config: DaemonConfig,
  parts: PodEngineParts,
  cleanup: AsyncDisposableStack,
): Promise<CriBackend> {
  const { backend, stores, images, transfers, containers, execs, log } = parts;
  const { root, run, cri } = config;
  const state = path.join(root, 'network');
  for (const folder of Object.values(podFolders(config))) await mkdir(folder, { recursive: true, mode: 0o711 });
  const network = cleanup.use(await openPodNetwork({ ...config.network, state, launcher: backend.launcher }, log));
  const registry = new PodRegistry(stores.metadata, log);
  const services = cleanup.use(
    createPodServices({
      registry,
      containers: backend,
      execs,
      transfers,
      specs: podSpecs,
      network,
      namespaces: networkNamespaces(path.join(run, 'netns')),
      imageVolumes: createImageVolumes({ images: backend.images, ...stores, run, log }),
      hostOf: await specHost(config, backend),
      settings: cri,
      log,
    }),
  );
  const { pods, podContainers, podEvents } = services;
  const streaming = cleanup.use(await openStreamingServer({ ...cri.streaming, log }));
  await services.recover();
  return {
    pods,
    podContainers,
    podEvents,
    podPorts: createPodPorts(pods),
    stats: createPodStats({ pods, containers: podContainers, ...statsParts(config, parts, registry) }),
    network,
    images: createHostImages(images),
    transfers,
    containers,
    execs,
    streaming,
    facts: criFacts(config, backend),
    log,
  };
}

function statsParts({ root }: DaemonConfig, { backend, stores }: PodEngineParts, registry: PodRegistry) {
  return {
    cgroups: backend.cgroups,
    cgroupPathOf: (id: string) => registry.member(id)?.container.record.spec.linux.cgroupsPath,
    snapshots: stores.snapshots,
    mountpoint: path.join(root, 'snapshots'),
  };
}

/** What specs need to know of this machine, and of the handler that runs the pod. */
async function specHost(
  { root, cgroupParent, cri }: DaemonConfig,
  { cgroups }: ContainerBackend,
): Promise<(runtime: RuntimeHandler) => Promise<PodSpecHost>> {
  const host = {
    rootPath: rootTarget({ root }),
    pauseRoot: await installPauseProgram(root, findLauncher(process.env)),
    cgroupParent,
    cgroupDriver: cri.cgroupDriver,
    cgroupVersion: cgroups.version,
    apparmor: hasAppArmor(),
    selinux: hasSelinux(),
    unsetSeccomp: cri.unsetSeccomp,
    cdiFolders: cri.cdiFolders,
  };
  return async (runtime) => ({ ...host, ...(await runtime.features()) });
}
