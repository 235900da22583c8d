import { open } from 'node:fs/promises';

/** Names in the folder are on the disk afterwards: a rename alone is not. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path === '' ? '.' : path, 'r');
  await folder.sync();
}
