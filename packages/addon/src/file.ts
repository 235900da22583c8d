import { constants } from 'node:fs';
import { SYS, syscall, text } from './call.ts';
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, O_CLOEXEC, O_PATH } from './flag.ts';
import { type Name, outcome } from './outcome.ts';

/** How openat2(2) opens. `O_CLOEXEC` is always added. */
export interface OpenHow {
  /** `O_*` of node:fs constants, and `O_PATH` of ./flag. */
  readonly flags: number;
  /** Permission bits of a new file, before umask. */
  readonly mode?: number;
  /** `RESOLVE_*` of ./flag. */
  readonly resolve?: number;
}

/** A point in time since 1970, utimensat(2). `seconds` may be negative, `nanoseconds` never. */
export interface Timestamp {
  readonly seconds: number;
  readonly nanoseconds: number;
}

const ENOENT = -2;
const EINTR = -4;
const EAGAIN = -11;
const ENOSYS = -38;

/** One struct open_how a thread: flags, mode, resolve, 64 bits each. The kernel copies it in the call. */
const how = new Uint32Array(6);
const howBytes = new Uint8Array(how.buffer);
/** EAGAIN: the kernel could not prove that no rename raced with `..`: openat2(2) says to try again. */
const raceRetries = 32;

function open(dirfd: number, name: Name, { flags, mode = 0, resolve = 0 }: OpenHow): number {
  const path = text(name);
  how[0] = flags | O_CLOEXEC;
  how[2] = mode;
  how[4] = resolve;
  for (let tries = raceRetries; ;) {
    const result = syscall(SYS.openat2, dirfd, path, howBytes, howBytes.length);
    const again = result === EINTR || (result === EAGAIN && resolve !== 0 && --tries > 0);
    if (!again) return result;
  }
}

/** Opens `name` below the folder `dirfd`; the descriptor is the caller's, to be closed with `close`. */
export function openat2(dirfd: number, name: Name, options: OpenHow): number {
  return outcome(open(dirfd, name, options), 'openat2', name);
}

/** As `openat2`; undefined instead of an error when the name (or a folder on the way) is not there. */
export function openIfThere(dirfd: number, name: Name, options: OpenHow): number | undefined {
  const result = open(dirfd, name, options);
  return result === ENOENT ? undefined : outcome(result, 'openat2', name);
}

/** Closes a descriptor that this package opened (fs.closeSync warns about those in worker threads). */
export function close(fd: number): void {
  outcome(syscall(SYS.close, fd), 'close');
}

export function mkdirat(dirfd: number, name: Name, mode: number): void {
  outcome(syscall(SYS.mkdirat, dirfd, text(name), mode), 'mkdirat', name);
}

/** `mode` carries the kind (`S_IFCHR`, ...) and the permissions before umask. */
export function mknodat(dirfd: number, name: Name, mode: number, device = { major: 0, minor: 0 }): void {
  const { major, minor } = device;
  // The kernel's own 32-bit form: twelve bits of major between the low eight and the high twelve of minor.
  const number = (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12);
  outcome(syscall(SYS.mknodat, dirfd, text(name), mode, number >>> 0), 'mknodat', name);
}

export function symlinkat(target: Name, dirfd: number, name: Name): void {
  outcome(syscall(SYS.symlinkat, text(target), dirfd, text(name)), 'symlinkat', name);
}

/** The bytes of a symbolic link. */
export function readlinkat(dirfd: number, name: Name): Buffer {
  const target = Buffer.allocUnsafe(4096);
  return target.subarray(
    0,
    outcome(syscall(SYS.readlinkat, dirfd, text(name), target, target.length), 'readlinkat', name),
  );
}

/** A hard link; the last component of `from` is not followed unless `flags` has `AT_SYMLINK_FOLLOW`. */
export function linkat(from: { dirfd: number; name: Name }, dirfd: number, name: Name, flags = 0): void {
  outcome(syscall(SYS.linkat, from.dirfd, text(from.name), dirfd, text(name), flags), 'linkat', name);
}

/** Removes a name; a folder (empty) with `AT_REMOVEDIR`. */
export function unlinkat(dirfd: number, name: Name, flags = 0): void {
  outcome(syscall(SYS.unlinkat, dirfd, text(name), flags), 'unlinkat', name);
}

export function renameat2(from: { dirfd: number; name: Name }, dirfd: number, name: Name, flags = 0): void {
  outcome(syscall(SYS.renameat2, from.dirfd, text(from.name), dirfd, text(name), flags), 'renameat2', name);
}

/** With an empty name and `AT_EMPTY_PATH`: the descriptor itself. */
export function fchownat(dirfd: number, name: Name, owner: { uid: number; gid: number }, flags: number): void {
  outcome(syscall(SYS.fchownat, dirfd, text(name), owner.uid, owner.gid, flags), 'fchownat', name);
}

export function fchmod(fd: number, mode: number): void {
  outcome(syscall(SYS.fchmod, fd, mode), 'fchmod');
}

export function fchmodat(dirfd: number, name: Name, mode: number, flags: number): void {
  let result =
    flags === 0
      ? syscall(SYS.fchmodat, dirfd, text(name), mode)
      : syscall(SYS.fchmodat2, dirfd, text(name), mode, flags);
  // fchmodat2(2) came with Linux 6.6.
  if (result === ENOSYS && flags === AT_SYMLINK_NOFOLLOW) result = chmodUnfollowed(dirfd, name, mode);
  outcome(result, 'fchmodat', name);
}

/** By /proc, for a file that an `O_PATH` descriptor pins; of a link it would change what must never change. */
function chmodUnfollowed(dirfd: number, name: Name, mode: number): number {
  const EOPNOTSUPP = -95;
  const fd = open(dirfd, name, { flags: O_PATH | constants.O_NOFOLLOW });
  if (fd < 0) return fd;
  try {
    const isLink = syscall(SYS.readlinkat, fd, '', Buffer.allocUnsafe(1), 1) >= 0;
    return isLink ? EOPNOTSUPP : syscall(SYS.fchmodat, AT_FDCWD, `/proc/self/fd/${fd}`, mode);
  } finally {
    syscall(SYS.close, fd);
  }
}

export interface Times {
  readonly atime: Timestamp;
  readonly mtime: Timestamp;
}

/** Two struct timespec a thread: access, change; each 64 bits of seconds, 64 of nanoseconds. */
const clock = new Int32Array(8);
const clockBytes = new Uint8Array(clock.buffer);

function timespecs({ atime, mtime }: Times): Uint8Array {
  setTimespec(0, atime);
  setTimespec(4, mtime);
  return clockBytes;
}

function setTimespec(at: number, { seconds, nanoseconds }: Timestamp): void {
  clock[at] = seconds; // its low half: what does not fit is dropped
  clock[at + 1] = Math.floor(seconds / 2 ** 32);
  clock[at + 2] = nanoseconds;
}

/** Sets both times of a name, of a link itself with `AT_SYMLINK_NOFOLLOW`. */
export function utimensat(dirfd: number, name: Name, times: Times, flags: number): void {
  outcome(syscall(SYS.utimensat, dirfd, text(name), timespecs(times), flags), 'utimensat', name);
}

/** Sets both times of an open file. */
export function futimens(fd: number, times: Times): void {
  outcome(syscall(SYS.utimensat, fd, 0, timespecs(times), 0), 'futimens');
}

/** Writes everything of the file system that holds `fd` to disk, syncfs(2). */
export function syncfs(fd: number): void {
  outcome(syscall(SYS.syncfs, fd), 'syncfs');
}

/**
 * Tells the kernel to begin writing a file's pages to disk, sync_file_range(2), so that a later `syncfs` has
 * less to wait for. A hint: file systems that cannot do it are left as they are.
 */
export function startWriteback(fd: number): void {
  syscall(SYS.sync_file_range, fd, 0, 0, syncFileRangeWrite);
}

const syncFileRangeWrite = 2;

/** Takes or drops the lock of a whole file; false when `LOCK_NB` was given and somebody else holds it. */
export function flock(fd: number, operation: number): boolean {
  const result = syscall(SYS.flock, fd, operation);
  return result === EAGAIN ? false : outcome(result, 'flock') >= 0;
}
