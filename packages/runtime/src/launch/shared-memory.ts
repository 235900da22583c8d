import { mkdirSync, rmdirSync } from 'node:fs';
import { mount, umount } from '@berth/addon/mount';
import { tolerate } from '@berth/model/error';

/** nosuid, nodev, noexec, mount(2). */
const flags = 0x2 | 0x4 | 0x8;

export interface SharedMemory {
  /** Bytes. */
  readonly size: number;
  /** Its root in the host's view: the user namespace's own, where there is one. */
  readonly uid: number;
  readonly gid: number;
}

/** A tmpfs that several containers have as their /dev/shm. @throws SystemError; then nothing is mounted */
export function mountSharedMemory(folder: string, { size, uid, gid }: SharedMemory): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  mount(folder, { source: 'shm', type: 'tmpfs', flags, data: `mode=1777,size=${size},uid=${uid},gid=${gid}` });
}

/** Those who use it keep it until they end. Gone already is success. */
export function unmountSharedMemory(folder: string): void {
  while (umount(folder));
  tolerate(['ENOENT'], () => rmdirSync(folder));
}
