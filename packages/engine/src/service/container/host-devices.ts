import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { DeviceSpec } from '@berth/model/runtime-spec';

/** Folders of /dev that a container has of its own. */
const own = new Set(['pts', 'shm', 'mqueue', 'fd']);

/** Every device node of the host, for privileged containers. Terminals and the console are each container's own. */
export function hostDevices(folder = '/dev'): DeviceSpec[] {
  return readdirSync(folder).flatMap((name): DeviceSpec[] => {
    if (folder === '/dev' && (own.has(name) || name === 'console' || name === 'ptmx')) return [];
    const file = path.join(folder, name);
    const stat = lstatSync(file, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return [];
    if (stat.isDirectory()) return hostDevices(file);
    const node = nodeOf(file, stat);
    return node === undefined ? [] : [node];
  });
}

/** The device node at a path, as a container would get it there; undefined for what is none. @throws ENOENT */
export function deviceNode(file: string): DeviceSpec | undefined {
  return nodeOf(file, lstatSync(file, { bigint: true }));
}

function nodeOf(file: string, stat: BigIntStats): DeviceSpec | undefined {
  const type = stat.isCharacterDevice() ? 'c' : stat.isBlockDevice() ? 'b' : undefined;
  return type === undefined ? undefined : device(file, type, stat);
}

/** The C library's layout of a device number, makedev(3). */
function device(file: string, type: 'b' | 'c', { rdev, mode, uid, gid }: BigIntStats): DeviceSpec {
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & ~0xffn);
  return {
    path: file,
    type,
    major: Number(major),
    minor: Number(minor),
    fileMode: Number(mode & 0o7777n),
    uid: Number(uid),
    gid: Number(gid),
  };
}
