import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError, errnoName } from '@berth/model/error';
import { checkContainerId } from './container-id.ts';
import { syncFolder } from './atomic-file.ts';

/** The folder of a container's state, whether it is there or not. */
export function folderOf(root: string, id: string): string {
  return join(root, checkContainerId(id));
}

/** Claims an id. @returns the new, empty folder @throws already_exists when the id is in use */
export function makeFolder(root: string, id: string): string {
  const folder = folderOf(root, id);
  mkdirSync(root, { recursive: true, mode: 0o700 });
  try {
    mkdirSync(folder, { mode: 0o711 });
  } catch (error) {
    if (errnoName(error) !== 'EEXIST') throw error;
    throw new BerthError('already_exists', `container with given ID already exists: ${id}`, {
      code: 'container_exists',
      cause: error,
    });
  }
  syncFolder(root);
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** @throws not_found */
export function existingFolder(root: string, id: string): string {
  const folder = folderOf(root, id);
  if (!existsSync(folder)) throw noContainer(id);
  return folder;
}

export function noContainer(id: string): BerthError {
  return new BerthError('not_found', `container does not exist: ${id}`, { code: 'no_container' });
}

/** The ids in a state folder, sorted; none when the folder is not there. */
export function containerIds(root: string): string[] {
  try {
    const entries = readdirSync(root, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}
