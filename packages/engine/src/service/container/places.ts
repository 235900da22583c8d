import path from 'node:path';
import type { CallContext } from '@berth/model/context';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { ContainerCgroup } from '@berth/runtime/cgroup/container-cgroup';
import { findPlace } from '@berth/runtime/cgroup/place';
import type { RootMount } from '@berth/runtime/compile/facts';
import type { ContainerPlace, RuntimeHandler } from '@berth/runtime/handler/contract';
import type { SnapshotMount } from '#store/snapshot';
import type { ContainerBackend } from './backend.ts';
import type { ContainerEntry } from './entry.ts';
import { containerFolders, type ContainerFolders } from './folders.ts';

/** The runtime of containers that do not name one. */
export const ownRuntime = 'berth';

/** Where a container's files are. */
export function foldersOf(backend: ContainerBackend, id: string): ContainerFolders {
  return containerFolders(backend.root, backend.run, id);
}

/** A container's cgroup below the hierarchies' roots. */
export function cgroupPathOf(backend: ContainerBackend, id: string): string {
  return `${backend.cgroupParent}/${id}`;
}

/** Where the spec says; with systemd (`slice:prefix:name`) where its scope is. */
export function cgroupOf(backend: ContainerBackend, { id, record }: ContainerEntry): ContainerCgroup {
  const { cgroupsPath = '' } = record.spec.linux;
  if (!cgroupsPath.includes(':')) return new ContainerCgroup(backend.cgroups, cgroupsPath);
  const { layout, path: folder } = findPlace({ id, cgroupsPath, driver: 'systemd' });
  return new ContainerCgroup(layout, folder);
}

/** Empty: it has none. */
export function logOf(backend: ContainerBackend, entry: ContainerEntry): string {
  return placeOfEntry(backend, entry).shim.log;
}

/** The folder that every container's root is mounted on, each in its own mount namespace: nothing shows on the host. */
export function rootTarget(backend: { readonly root: string }): string {
  return `${backend.root}/rootfs`;
}

/** What runs this container, also when it is not configured any more. */
export function runtimeOf(backend: ContainerBackend, { record }: ContainerEntry): RuntimeHandler {
  return backend.runtimes.of(record.runtime ?? ownRuntime);
}

export interface PlaceParts {
  readonly id: string;
  readonly spec: RuntimeSpec;
  readonly stdin: boolean;
  /** False: `spec.root.path` is used as it is. Default: true. */
  readonly hasSnapshot?: boolean;
  /** Where to log as Kubernetes has it, without a limit; empty: nowhere. Default: the engine's own file and limits. */
  readonly log?: string;
}

/** What a runtime handler must know of a container. */
export function placeOf(backend: ContainerBackend, parts: PlaceParts): ContainerPlace {
  const { id, spec, stdin, hasSnapshot = true, log } = parts;
  const { run, socket, journal, log: ownLog } = foldersOf(backend, id);
  const { maxBytes, maxFiles, podLineMax } = backend.logLimits;
  const logging =
    log === undefined
      ? { log: ownLog, logMaxBytes: maxBytes, logMaxFiles: maxFiles }
      : { log, logMaxBytes: 0, logMaxFiles: 1, logLineMax: podLineMax, logDropsReturns: true };
  const place = { id, spec, bundle: run, folder: run, stdin, shim: { socket, journal, ...logging } };
  if (!hasSnapshot) return place;
  const hostTarget = path.join(backend.root, 'mounts', path.basename(run));
  return { ...place, root: { target: rootTarget(backend), parent: backend.rootParent, hostTarget } };
}

export function placeOfEntry(backend: ContainerBackend, { id, snapshotKey, record }: ContainerEntry): ContainerPlace {
  const { spec, config, pod } = record;
  return placeOf(backend, {
    id,
    spec,
    stdin: config.openStdin === true,
    hasSnapshot: snapshotKey !== '',
    ...(pod === undefined ? {} : { log: pod.container?.logPath ?? '' }),
  });
}

/** What makes up its root file system; none where that is a folder. */
export async function rootMountsOf(
  backend: ContainerBackend,
  context: CallContext,
  { snapshotKey }: Pick<ContainerEntry, 'snapshotKey'>,
): Promise<readonly RootMount[]> {
  return snapshotKey === '' ? [] : rootMounts(await backend.snapshots.mounts(context, snapshotKey));
}

/** A snapshot as the mount that makes up a root file system. */
export function rootMounts({ type, source, options, cwd }: SnapshotMount): readonly RootMount[] {
  return [{ type, source, options, cwd }];
}
