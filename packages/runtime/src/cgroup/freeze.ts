import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError, isKind } from '@berth/model/error';
import { readKeyed, readText, writeValue } from './cgroup-file.ts';
import { cgroupFile, hierarchyOf } from './layout.ts';
import type { CgroupLayout } from './layout.ts';

/** A process in an uninterruptible system call can take any time; users wait for a pause less. */
const patience = 10_000;

/**
 * Stops every process of the cgroup where it is. Resolves when all of them stand still; when they
 * do not in time they are thawed again and it throws `deadline_exceeded`.
 */
export async function freeze(layout: CgroupLayout, path: string): Promise<void> {
  const freezer = freezerOf(layout, path);
  const deadline = Date.now() + patience;
  let pause = 1;
  await freezer.set(true);
  while (!(await freezer.isFrozen())) {
    if (Date.now() > deadline) {
      await freezer.set(false);
      throw new BerthError('deadline_exceeded', `cgroup ${path} did not freeze in ${patience} ms`, {
        code: 'freeze_timeout',
      });
    }
    await sleep(pause);
    pause = Math.min(pause * 2, 50);
    // v1 can miss a process that was being forked: thawed for a moment and asked again, it looks again.
    if (layout.version === 1 && pause === 50) await freezer.set(false);
    if (layout.version === 1) await freezer.set(true);
  }
}

/** Lets all processes go on. No error when they were not frozen, or when the cgroup is gone. */
export async function thaw(layout: CgroupLayout, path: string): Promise<void> {
  try {
    await freezerOf(layout, path).set(false);
  } catch (error) {
    if (!isKind(error, 'not_found')) throw error;
  }
}

/** Whether the cgroup is frozen or is being frozen; false when it is not there or nothing can freeze it. */
export async function isFrozen(layout: CgroupLayout, path: string): Promise<boolean> {
  if (layout.version === 2) return (await readText(cgroupFile(layout, path, 'cgroup.freeze'))) === '1';
  if (hierarchyOf(layout, 'freezer') === undefined) return false;
  const state = await readText(cgroupFile(layout, path, 'freezer.state'));
  return state === 'FROZEN' || state === 'FREEZING';
}

interface Freezer {
  set(frozen: boolean): Promise<void>;
  isFrozen(): Promise<boolean>;
}

function freezerOf(layout: CgroupLayout, path: string): Freezer {
  if (layout.version === 2) {
    const events = cgroupFile(layout, path, 'cgroup.events');
    return {
      set: (frozen) => writeValue(cgroupFile(layout, path, 'cgroup.freeze'), frozen ? '1' : '0'),
      isFrozen: async () => (await readKeyed(events)).frozen === 1,
    };
  }
  if (hierarchyOf(layout, 'freezer') === undefined) {
    throw new BerthError('failed_precondition', 'the freezer controller is not mounted', { code: 'no_freezer' });
  }
  const file = cgroupFile(layout, path, 'freezer.state');
  return {
    set: (frozen) => writeValue(file, frozen ? 'FROZEN' : 'THAWED'),
    isFrozen: async () => (await readText(file)) === 'FROZEN',
  };
}
