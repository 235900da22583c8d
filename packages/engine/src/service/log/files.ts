import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { errnoName } from '@berth/model/error';

/** The files of one log, oldest first: `log.3`, `log.2`, `log.1`, `log`. */
export async function logFiles(file: string): Promise<string[]> {
  const base = path.basename(file);
  const names: string[] = await readdir(path.dirname(file)).catch(() => []);
  const rotated = names
    .map((name) => (name.startsWith(`${base}.`) ? Number(name.slice(base.length + 1)) : Number.NaN))
    .filter((n) => Number.isInteger(n) && n > 0)
    .toSorted((a, b) => b - a)
    .map((n) => `${file}.${n}`);
  return names.includes(base) ? [...rotated, file] : rotated;
}

export async function openLog(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The file that was written after this one: by rotation files change their names, never their inode. */
export async function successor(file: string, inode: bigint): Promise<string | undefined> {
  if ((await inodeOf(file)) === inode) return undefined;
  const files = await logFiles(file);
  const inodes = await Promise.all(files.map(inodeOf));
  const at = inodes.indexOf(inode);
  // Rotated away while we read: what is left is all there is.
  return at < 0 ? files[0] : files[at + 1];
}

async function inodeOf(file: string): Promise<bigint | undefined> {
  return await stat(file, { bigint: true }).then(
    ({ ino }) => ino,
    () => undefined,
  );
}
