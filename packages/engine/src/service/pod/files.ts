import { readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { errnoName } from '@berth/model/error';
import type { PodConfig } from '@berth/model/pod-config';
import { mountSharedMemory, unmountSharedMemory } from '@berth/runtime/launch/shared-memory';
import type { ContainerBackend } from '../container/backend.ts';
import { resolvConf } from './resolv-conf.ts';
import type { PodFiles } from './spec/contract.ts';

/** As kubelet and its peers have it, bytes. */
const sharedMemorySize = 64 << 20;

type Folders = Pick<ContainerBackend, 'root' | 'run'>;

/** Folders with a folder for each pod: files that outlive a reboot, and mounts. */
export function podFolders({ root, run }: Folders): { readonly files: string; readonly mounts: string } {
  return { files: path.join(root, 'pods'), mounts: path.join(run, 'pods') };
}

export function podFiles(
  folders: Folders,
  { id, config }: { readonly id: string; readonly config: PodConfig },
): PodFiles {
  const { files, mounts } = podFolders(folders);
  const file = (name: string): string => path.join(files, id, name);
  return {
    hosts: file('hosts'),
    hostname: file('hostname'),
    resolvConf: file('resolv.conf'),
    shm: config.security.namespaces.ipc === 'node' ? '/dev/shm' : path.join(mounts, id, 'shm'),
  };
}

/** Makes what the pod's containers share as files. */
export async function makePodFiles(
  folders: Folders,
  pod: { readonly id: string; readonly config: PodConfig },
): Promise<void> {
  const { config } = pod;
  const files = podFiles(folders, pod);
  await mkdir(path.dirname(files.hosts), { recursive: true, mode: 0o711 });
  const write = (file: string, text: string): Promise<void> => writeFile(file, text, { mode: 0o644 });
  const name = config.hostname === '' ? os.hostname() : config.hostname;
  await Promise.all([
    write(files.hosts, hostFile('/etc/hosts')),
    write(files.hostname, `${name}\n`),
    write(
      files.resolvConf,
      resolvConf(config.dns, () => hostFile('/etc/resolv.conf')),
    ),
  ]);
  if (config.security.namespaces.ipc === 'node') return;
  const { user } = config.security.namespaces;
  const root = user?.mode === 'pod' ? { uid: rootOf(user.uids), gid: rootOf(user.gids) } : { uid: 0, gid: 0 };
  mountSharedMemory(files.shm, { size: sharedMemorySize, ...root });
}

/** Containers that still run keep the memory. Gone already is success. */
export async function removePodMounts(folders: Folders, id: string): Promise<void> {
  const folder = path.join(podFolders(folders).mounts, id);
  unmountSharedMemory(path.join(folder, 'shm'));
  await rm(folder, { recursive: true, force: true });
}

export async function removePodFiles(folders: Folders, id: string): Promise<void> {
  await removePodMounts(folders, id);
  await rm(path.join(podFolders(folders).files, id), { recursive: true, force: true });
}

/** In the host's view. */
function rootOf(ranges: readonly { readonly hostId: number; readonly containerId: number }[]): number {
  return ranges.find(({ containerId }) => containerId === 0)?.hostId ?? 0;
}

function hostFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return '';
    throw error;
  }
}
