import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError } from '@berth/model/error';
import { readKeyed, readText, writeValue } from './cgroup-file.ts';
import { cgroupFolder, hierarchyOf } from './layout.ts';
import type { CgroupLayout } from './layout.ts';

/** A process in an uninterruptible system call can take any time; users wait for a pause less. */
const patience = 3000;

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
    // v1 can miss a process that was being forked: asking again makes it look again.
    if (layout.version === 1) await freezer.set(true);
  }
}

/** Lets all processes go on. No error when they were not frozen. */
export async function thaw(layout: CgroupLayout, path: string): Promise<void> {
  await freezerOf(layout, path).set(false);
}

interface Freezer {
  set(frozen: boolean): Promise<void>;
  isFrozen(): Promise<boolean>;
}

function freezerOf(layout: CgroupLayout, path: string): Freezer {
  if (layout.version === 2) {
    const folder = cgroupFolder(layout.unified ?? '/sys/fs/cgroup', path);
    return {
      set: (frozen) => writeValue(`${folder}/cgroup.freeze`, frozen ? '1' : '0'),
      isFrozen: async () => (await readKeyed(`${folder}/cgroup.events`)).frozen === 1,
    };
  }
  const mountPoint = hierarchyOf(layout, 'freezer')?.mountPoint;
  if (mountPoint === undefined) {
    throw new BerthError('failed_precondition', 'the freezer controller is not mounted');
  }
  const file = `${cgroupFolder(mountPoint, path)}/freezer.state`;
  return {
    set: (frozen) => writeValue(file, frozen ? 'FROZEN' : 'THAWED'),
    isFrozen: async () => (await readText(file)) === 'FROZEN',
  };
}
