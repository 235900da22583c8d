import path from 'node:path';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { ContainerCgroup } from '@berth/runtime/cgroup/container-cgroup';
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

export function cgroupOf(backend: ContainerBackend, id: string): ContainerCgroup {
  return new ContainerCgroup(backend.cgroups, cgroupPathOf(backend, id));
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
}

/** What a runtime handler must know of a container. */
export function placeOf(backend: ContainerBackend, { id, spec, stdin }: PlaceParts): ContainerPlace {
  const { run, socket, journal, log } = foldersOf(backend, id);
  const { maxBytes, maxFiles } = backend.logLimits;
  return {
    id,
    spec,
    bundle: run,
    folder: run,
    stdin,
    shim: { socket, journal, log, logMaxBytes: maxBytes, logMaxFiles: maxFiles },
    root: {
      target: rootTarget(backend),
      parent: backend.rootParent,
      hostTarget: path.join(backend.root, 'mounts', path.basename(run)),
    },
  };
}

export function placeOfEntry(backend: ContainerBackend, { id, record }: ContainerEntry): ContainerPlace {
  return placeOf(backend, { id, spec: record.spec, stdin: record.config.openStdin === true });
}

/** A snapshot as the mount that makes up a root file system. */
export function rootMounts({ type, source, options, cwd }: SnapshotMount): readonly RootMount[] {
  return [{ type, source, options, cwd }];
}
