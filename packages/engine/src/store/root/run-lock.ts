import { readdirSync } from 'node:fs';
import path from 'node:path';
import { BerthError } from '@berth/model/error';
import { lockFile } from './lock-file.ts';

/**
 * Keeps a run folder for one daemon, and for one root while containers have their shims in it: to a daemon with
 * another root they would be strangers, whose leftovers it removes.
 * @throws failed_precondition (`run_in_use`, `run_of_another_root`)
 */
export function lockRun({ run, root }: { readonly run: string; readonly root: string }): Disposable {
  const lock = lockFile(
    path.join(run, 'lock'),
    (holder) =>
      new BerthError('failed_precondition', `${run} is in use by another berthd (${holder})`, {
        code: 'run_in_use',
        hint: 'stop that one, or give this one another run folder (--run)',
      }),
  );
  const owner = /^root (.*)$/m.exec(lock.before)?.[1];
  if (owner !== undefined && owner !== root && readdirSync(path.join(run, 'c')).length > 0) {
    lock[Symbol.dispose]();
    throw new BerthError('failed_precondition', `${run} has containers of the root ${owner}`, {
      code: 'run_of_another_root',
      hint: `give this daemon another run folder (--run), or the root ${owner}`,
    });
  }
  lock.write(`pid ${process.pid}\nroot ${root}\n`);
  return lock;
}
