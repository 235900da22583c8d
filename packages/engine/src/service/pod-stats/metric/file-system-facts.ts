import { readFileSync, readlinkSync, statfsSync } from 'node:fs';
import { basename } from 'node:path';
import { tolerate } from '@berth/model/error';
import { containingMount } from '@berth/runtime/compile/containing-mount';

/** The file system of a container's writable layer. */
export interface FileSystemFacts {
  /** As it is mounted: `/dev/sda1`. */
  readonly device: string;
  /** Bytes of the container's own layer. */
  readonly usage: bigint;
  /** All that the file system has. */
  readonly limit: bigint;
  readonly inodesTotal: bigint;
  readonly inodesFree: bigint;
}

/** The same for all containers. @param folder anything in it */
export function fileSystemOf(folder: string): Omit<FileSystemFacts, 'usage'> {
  const { blocks, bsize, files, ffree } = statfsSync(folder, { bigint: true });
  return { device: mountedDevice(folder), limit: blocks * bsize, inodesTotal: files, inodesFree: ffree };
}

/** proc_pid_mountinfo(5): the source is the second field behind the dash. */
function mountedDevice(folder: string): string {
  const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
  const mountPoint = containingMount(folder, mountinfo);
  const line = mountinfo.split('\n').findLast((one) => one.split(' ')[4] === mountPoint);
  return line?.split(' - ')[1]?.split(' ')[1] ?? '';
}

/** Names of block devices, looked up once each. */
export function deviceNames(): (major: bigint, minor: bigint) => string {
  const known = new Map<string, string>();
  return (major, minor) => {
    const number = `${major}:${minor}`;
    let name = known.get(number);
    if (name !== undefined) return name;
    // A disk that was taken out has only its number left.
    if (!tolerate(['ENOENT'], () => (name = `/dev/${basename(readlinkSync(`/sys/dev/block/${number}`))}`)))
      name = number;
    known.set(number, name!);
    return name!;
  };
}
