import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { flock } from '@berth/addon/file';
import { LOCK_EX, LOCK_NB } from '@berth/addon/flag';
import { BerthError } from '@berth/model/error';

/**
 * Keeps a root folder for one daemon. The kernel lets go of the lock when the process ends, however it ends.
 * @throws failed_precondition (`root_in_use`)
 */
export function lockRoot(root: string): Disposable {
  const file = path.join(root, 'lock');
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  if (!flock(fd, LOCK_EX | LOCK_NB)) {
    closeSync(fd);
    throw new BerthError('failed_precondition', `${root} is in use by another berthd (${holder(file)})`, {
      code: 'root_in_use',
      hint: 'stop that one, or give this one another root folder (--root)',
    });
  }
  ftruncateSync(fd);
  writeSync(fd, `pid ${process.pid}\n`);
  return { [Symbol.dispose]: () => closeSync(fd) };
}

function holder(file: string): string {
  return readFileSync(file, 'utf8').trim() || 'its pid is not known';
}
