import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { openIfThere } from '@berth/addon/file';
import { O_PATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '@berth/addon/flag';
import { errnoName } from '@berth/model/error';
import type { MountSpec, ProcessSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { withHome } from '../defaults/home.ts';

const passwd = '/etc/passwd';

/** No user database is a hundredth as long; what is longer is the image's way to fill our memory. */
const mostBytes = 8 * 1024 * 1024;

/** What `process` of a container that is being made is to run with: a HOME from the passwd file that it will see. */
export function withHomeOfSpec({ process, mounts, root }: RuntimeSpec): ProcessSpec {
  if (hasHome(process)) return process;
  const mounted = mounts.findLast((mount) => isBind(mount) && isBelow(passwd, mount.destination));
  if (mounted?.source === undefined) return withHome(process, textBelow(root.path, passwd));
  const { source, destination } = mounted;
  const rest = posix.relative(destination, passwd);
  return withHome(process, rest === '' ? textOf(() => openSync(source, O_PATH)) : textBelow(source, rest));
}

/** The same for a process in the running container whose first process this is. */
export function withHomeOfContainer(process: ProcessSpec, pid: number): ProcessSpec {
  return hasHome(process) ? process : withHome(process, textBelow(`/proc/${pid}/root`, passwd));
}

/** Nothing is read for the many that have one. */
function hasHome({ env }: ProcessSpec): boolean {
  return (env.findLast((one) => one.startsWith('HOME=')) ?? 'HOME=') !== 'HOME=';
}

function isBind({ type, options = [] }: MountSpec): boolean {
  return type === 'bind' || options.some((option) => option === 'bind' || option === 'rbind');
}

function isBelow(path: string, folder: string): boolean {
  const relative = posix.relative(folder, path);
  return relative.split('/')[0] !== '..';
}

/** Links of the image lead within its root. */
function textBelow(root: string, path: string): string {
  return textOf(() => {
    const fd = openSync(root, O_PATH | constants.O_DIRECTORY);
    try {
      return openIfThere(fd, path, { flags: O_PATH, resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS });
    } finally {
      closeSync(fd);
    }
  });
}

/** Opened by O_PATH first: a pipe or a device in its place must not be opened at all. Empty when there is none. */
function textOf(open: () => number | undefined): string {
  let fd: number | undefined;
  try {
    fd = open();
    if (fd === undefined) return '';
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size <= mostBytes ? readFileSync(`/proc/self/fd/${fd}`, 'utf8') : '';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ESRCH'].includes(errnoName(error) ?? '')) return '';
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
