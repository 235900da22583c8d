import { execFile } from 'node:child_process';
import { rmdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { BerthError, errnoName, tolerate } from '@berth/model/error';
import type { RootMount } from '../compile/facts.ts';
import { list, onHost } from '../compile/step.ts';
import type { PlanRecord } from '../plan/record.ts';

const run = promisify(execFile);
const mountProgram = '/bin/mount';

/**
 * Mounts the root on the host, for a runtime that finds it there: the shim does it in the plan, through mount(8). The
 * old system call, because fsconfig(2) takes no more than 255 bytes in one option, and the layers of an image are more.
 */
export function rootMountRecords(mounts: readonly RootMount[], target: string): PlanRecord[] {
  return mounts.map(({ type, source, options, cwd, destination }) => {
    const kind = type === 'bind' ? ['--bind'] : ['-t', type ?? 'none'];
    const choices = options === undefined || options.length === 0 ? [] : ['-o', options.join(',')];
    const place = path.join(target, destination ?? '/').replace(/(.)\/$/, '$1');
    return onHost('run_program', {
      path: mountProgram,
      argv: list(['mount', ...kind, ...choices, source ?? type ?? 'none', place]),
      env: list(['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LIBMOUNT_FORCE_MOUNT2=always']),
      cwd: cwd ?? '/',
      timeout: 30_000,
    });
  });
}

/** Unmounts what `rootMountRecords` mounted and takes the folder away; nothing there is success. */
export async function unmountRoot(target: string): Promise<void> {
  if (isMountPoint(target)) {
    try {
      await run('umount', ['--recursive', target]);
    } catch {
      // Somebody on the host is in there. It goes when they leave; the name is free at once.
      await run('umount', ['--recursive', '--lazy', target]);
    }
  }
  if (!tolerate(['ENOENT', 'EBUSY', 'ENOTEMPTY'], () => rmdirSync(target)) && isMountPoint(target)) {
    throw new BerthError('failed_precondition', `${target} is still mounted`, { code: 'root_busy' });
  }
}

/** A mount of another file system: overlay has device numbers of its own. */
function isMountPoint(folder: string): boolean {
  try {
    const { dev, ino } = statSync(folder);
    const above = statSync(path.dirname(folder));
    return dev !== above.dev || ino === above.ino;
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return false;
    throw error;
  }
}
