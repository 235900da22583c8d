import path from 'node:path';
import { BerthError } from '@berth/model/error';
import { lockFile } from './lock-file.ts';

/** Keeps a root folder for one daemon. @throws failed_precondition (`root_in_use`) */
export function lockRoot(root: string): Disposable {
  const lock = lockFile(
    path.join(root, 'lock'),
    (holder) =>
      new BerthError('failed_precondition', `${root} is in use by another berthd (${holder})`, {
        code: 'root_in_use',
        hint: 'stop that one, or give this one another root folder (--root)',
      }),
  );
  lock.write(`pid ${process.pid}\n`);
  return lock;
}
