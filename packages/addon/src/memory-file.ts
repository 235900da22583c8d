import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { SYS, syscall } from './call.ts';
import { outcome } from './outcome.ts';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const MFD_EXEC = 0x10;
const EINVAL = -22;

const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;
/** No more seals, no shrinking, no growing, no writing. */
const ALL_SEALS = 1 | 2 | 4 | 8;

/** An empty file without a name in any folder, executable, memfd_create(2). The descriptor is the caller's. */
export function memfdCreate(name: string): number {
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  // Asked for by name since Linux 6.3, where a sysctl may forbid it; before, every one is executable.
  const result = syscall(SYS.memfd_create, name, flags | MFD_EXEC);
  return outcome(result === EINVAL ? syscall(SYS.memfd_create, name, flags) : result, 'memfd_create', name);
}

/**
 * A copy in memory that nobody can change any more, not even root through `/proc/PID/exe` or `/proc/PID/fd`: what a
 * runtime runs in place of its own executable. `content`: the bytes, or the path of the file.
 */
export function sealedMemfd(content: Uint8Array | string, name = 'berth'): number {
  const fd = memfdCreate(name);
  try {
    if (typeof content === 'string') copyFile(content, fd);
    else writeAll(fd, content);
    outcome(syscall(SYS.fcntl, fd, F_ADD_SEALS, ALL_SEALS), 'fcntl', name);
    return fd;
  } catch (error) {
    syscall(SYS.close, fd);
    throw error;
  }
}

/** True of a descriptor that `sealedMemfd` could have made: its content can never change. */
export function isSealed(fd: number): boolean {
  const seals = syscall(SYS.fcntl, fd, F_GET_SEALS);
  return seals > 0 && (seals & ALL_SEALS) === ALL_SEALS;
}

function copyFile(path: string, to: number): void {
  const from = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(1 << 20);
    for (let size; (size = readSync(from, chunk)) > 0;) writeAll(to, chunk.subarray(0, size));
  } finally {
    closeSync(from);
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}
