import { chmod, copyFile, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';

const mountPoints = ['dev', 'proc'];

/**
 * A root file system with nothing but the program that holds a pod's namespaces, which is the launcher by another name.
 * Below the root folder: /run may be mounted noexec. Pods that run keep the file that they began with.
 * @returns the folder
 */
export async function installPauseProgram(root: string, launcher: string): Promise<string> {
  const folder = path.join(root, 'pause');
  for (const each of mountPoints) await mkdir(path.join(folder, each), { recursive: true });
  const fresh = path.join(root, 'tmp', 'pause');
  await copyFile(launcher, fresh);
  await rename(fresh, path.join(folder, 'pause'));
  // Whatever the umask: it runs as a user that owns nothing.
  for (const each of ['', ...mountPoints, 'pause']) await chmod(path.join(folder, each), 0o755);
  return folder;
}
