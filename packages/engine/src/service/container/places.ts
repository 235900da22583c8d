import { ContainerCgroup } from '@berth/runtime/cgroup/container-cgroup';
import type { HostFacts } from '@berth/runtime/compile/facts';
import type { SnapshotMount } from '#store/snapshot';
import type { ContainerBackend } from './backend.ts';
import { containerFolders, type ContainerFolders } from './folders.ts';

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

/** What the compiler must know besides the spec. */
export function hostFacts(
  backend: ContainerBackend,
  id: string,
  { mount, stdin }: { readonly mount: SnapshotMount; readonly stdin: boolean },
): HostFacts {
  const { socket, journal, log } = foldersOf(backend, id);
  const { maxBytes, maxFiles } = backend.logLimits;
  const { type, source, options, cwd } = mount;
  return {
    cgroup: backend.cgroups,
    cgroupPath: cgroupPathOf(backend, id),
    capabilities: backend.capabilities,
    stdin,
    shim: { socket, journal, log, logMaxBytes: maxBytes, logMaxFiles: maxFiles },
    rootMounts: [{ type, source, options, cwd }],
    rootTarget: rootTarget(backend),
    rootParent: backend.rootParent,
  };
}
