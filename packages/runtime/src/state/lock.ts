import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { flock } from '@berth/addon/file';
import { LOCK_EX, LOCK_NB } from '@berth/addon/flag';
import { BerthError, errnoName } from '@berth/model/error';
import { noContainer } from './container-folder.ts';

/** A create may run hooks and pull in file systems; nothing takes longer than this on purpose. */
const patience = 60_000;

/**
 * Takes the lock of a container's folder: whoever changes a container holds it. The folder's own descriptor is locked,
 * so there is no lock file to leave behind, and a folder that was removed meanwhile counts as not there.
 * Ends with this process, however that ends. @throws not_found @throws unavailable after a minute
 */
export async function lockFolder(folder: string, id: string): Promise<Disposable> {
  const deadline = Date.now() + patience;
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    const fd = openFolder(folder, id);
    const locked = flock(fd, LOCK_EX | LOCK_NB);
    if (locked && isStill(folder, fd)) return { [Symbol.dispose]: () => closeSync(fd) };
    closeSync(fd);
    if (Date.now() > deadline) {
      throw new BerthError('unavailable', `container ${id} is locked by another command`, { code: 'container_locked' });
    }
    await sleep(pause);
  }
}

function openFolder(folder: string, id: string): number {
  try {
    return openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw errnoName(error) === 'ENOENT' ? noContainer(id) : error;
  }
}

function isStill(folder: string, fd: number): boolean {
  const there = statSync(folder, { throwIfNoEntry: false });
  const ours = fstatSync(fd);
  return there !== undefined && there.ino === ours.ino && there.dev === ours.dev;
}
