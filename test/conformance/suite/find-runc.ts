import { newestRunc } from '../../harness/runc.ts';
import { type Runtime, runcAt } from './runtime.ts';

/** The newest runc that can be had, Debian's if there is no other. */
export async function findRunc(): Promise<Runtime | undefined> {
  const newest = newestRunc();
  if (newest !== undefined) return await runcAt(newest);
  return (await runcAt('runc')) ?? (await runcAt('/usr/sbin/runc'));
}
