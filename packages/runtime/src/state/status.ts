import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoName } from '@berth/model/error';
import { isAlive } from './process-identity.ts';
import { gateFile, type StateRecord } from './record.ts';

export type ContainerStatus = 'creating' | 'created' | 'running' | 'paused' | 'stopped';

/** The status of this moment: derived from the kernel and the folder, never kept. */
export function statusOf(folder: string, record: StateRecord): ContainerStatus {
  if (record.pid === 0) return 'creating';
  if (!isAlive(record)) return 'stopped';
  if (isFrozen(record.pid)) return 'paused';
  return existsSync(join(folder, gateFile)) ? 'created' : 'running';
}

/**
 * Whether the process's own cgroup stands still. Asked through the process, so that neither the layout of cgroups nor
 * the path they were made at is needed; a cgroup above that is frozen shows here as well (v2) or counts too (v1).
 */
export function isFrozen(pid: number): boolean {
  const lines = read(`/proc/${pid}/cgroup`)?.split('\n') ?? [];
  for (const line of lines) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers.split(',').includes('freezer')) {
      const state = read(`/sys/fs/cgroup/freezer${path}/freezer.state`)?.trim();
      if (state !== undefined) return state !== 'THAWED';
    }
    if (controllers === '' && path !== '/' && path !== '') {
      const events = read(`/sys/fs/cgroup${path}/cgroup.events`) ?? '';
      if (/^frozen 1$/m.test(events)) return true;
    }
  }
  return false;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENODEV', 'ESRCH', 'EACCES'].includes(errnoName(error) ?? '')) return undefined;
    throw error;
  }
}
