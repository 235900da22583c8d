import { readFileSync } from 'node:fs';
import { syscall } from '@berth/addon/call';
import type { IdMapping } from '@berth/model/runtime-spec';

/** By their numbers: nobody else needs the calls in Node. */
const [setfsuid, setfsgid] = process.arch === 'arm64' ? [151, 152] : [122, 123];

/** What the kernel calls an owner that a user namespace does not know, /proc/sys/kernel/overflowuid. */
const overflowId = 65_534;

/** Ids of a process's user namespace, as the host has them. */
export interface FileOwner {
  /**
   * Does something with the ids of the container's root: files of a file system that was mounted in a user namespace can
   * be made only by those who are known there. Rights over other files are gone meanwhile, setfsuid(2).
   */
  asRoot<T>(make: () => T): T;
  /** Who a file's copy is to belong to: its owner, or `nobody` (else root) for one that is unknown there. */
  uid(id: number): number;
  gid(id: number): number;
}

/** Reads the maps of `pid`. */
export function fileOwner(pid: number | 'self'): FileOwner {
  const [uids, gids] = [readMap(`/proc/${pid}/uid_map`), readMap(`/proc/${pid}/gid_map`)];
  const root = { uid: hostId(uids, 0) ?? 0, gid: hostId(gids, 0) ?? 0 };
  const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  const isOurs = root.uid === own.uid && root.gid === own.gid;
  return {
    asRoot(make) {
      if (isOurs) return make();
      syscall(setfsgid, root.gid);
      syscall(setfsuid, root.uid);
      try {
        return make();
      } finally {
        syscall(setfsuid, own.uid);
        syscall(setfsgid, own.gid);
      }
    },
    uid: (id) => known(uids, id) ?? hostId(uids, overflowId) ?? root.uid,
    gid: (id) => known(gids, id) ?? hostId(gids, overflowId) ?? root.gid,
  };
}

/** Lines of `INSIDE OUTSIDE COUNT`, user_namespaces(7). */
export function readMap(path: string): IdMapping[] {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [containerID = 0, hostID = 0, size = 0] = line.trim().split(/\s+/).map(Number);
    return { containerID, hostID, size };
  });
}

function hostId(map: readonly IdMapping[], id: number): number | undefined {
  const range = map.find(({ containerID, size }) => id >= containerID && id < containerID + size);
  return range === undefined ? undefined : range.hostID + id - range.containerID;
}

function known(map: readonly IdMapping[], id: number): number | undefined {
  return map.some(({ hostID, size }) => id >= hostID && id < hostID + size) ? id : undefined;
}
