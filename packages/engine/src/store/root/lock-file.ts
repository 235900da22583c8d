import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { flock } from '@berth/addon/file';
import { LOCK_EX, LOCK_NB } from '@berth/addon/flag';
import type { BerthError } from '@berth/model/error';

export interface FileLock extends Disposable {
  /** What the last holder said of itself; empty for the first one. */
  readonly before: string;
  /** Says who holds it now, for those who are refused. */
  write(text: string): void;
}

/** Locked for this process. The kernel lets go of it when the process ends, however it ends. @throws what `refuse` makes */
export function lockFile(file: string, refuse: (holder: string) => BerthError): FileLock {
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  const before = readFileSync(file, 'utf8').trim();
  if (!flock(fd, LOCK_EX | LOCK_NB)) {
    closeSync(fd);
    throw refuse(before.split('\n')[0] || 'its pid is not known');
  }
  return {
    before,
    write(text) {
      ftruncateSync(fd);
      writeSync(fd, text, 0);
    },
    [Symbol.dispose]: () => closeSync(fd),
  };
}
