import { closeSync, readlinkSync } from 'node:fs';
import { sealedMemfd } from '@berth/addon/memory-file';

/** A program that nobody can change, to be started by `path` while it is open. */
export interface SealedCopy extends Disposable {
  readonly path: string;
}

/**
 * A copy of a program that lives in memory and is sealed. A container that gets hold of `/proc/PID/exe` of a shim, or of
 * a process that is about to enter it, cannot overwrite the program that starts the next one (CVE-2019-5736).
 * @throws what open(2) or memfd_create(2) says
 */
export function sealedCopy(program: string): SealedCopy {
  const fd = sealedMemfd(program, 'berth-launcher');
  // By our number as this procfs has it: in the child, the descriptor's own number may be one of its streams by then.
  const path = `/proc/${readlinkSync('/proc/self')}/fd/${fd}`;
  return { path, [Symbol.dispose]: () => closeSync(fd) };
}
