import { accessSync, constants } from 'node:fs';
import { tolerate } from '@berth/model/error';
import type { Mount } from '@berth/wire/gen/containerd/types/mount_pb';

/** The folder that a snapshot's own files are in. */
export interface SnapshotFolder {
  readonly folder: string;
  /** The folders below, top first; empty where the folder has all of them in itself. */
  readonly parents: readonly string[];
  readonly whiteouts: 'overlay' | 'remove';
}

/**
 * Where the files of a prepared snapshot go, without mounting it: overlayfs and native snapshotters have plain folders.
 * Undefined for others, and for folders that are not below `root`.
 */
export function snapshotFolder(mounts: readonly Mount[], root: string): SnapshotFolder | undefined {
  const [mount, ...others] = mounts;
  if (mount === undefined || others.length > 0) return undefined;
  const found = mount.type === 'overlay' ? overlayFolder(mount) : mount.type === 'bind' ? bindFolder(mount) : undefined;
  return found !== undefined && isOurs(found.folder, root) ? found : undefined;
}

/** Mounted with another kind of marks where containerd itself is in a user namespace. */
function overlayFolder({ options }: Mount): SnapshotFolder | undefined {
  const valueOf = (key: string) => options.find((option) => option.startsWith(`${key}=`))?.slice(key.length + 1);
  const folder = valueOf('upperdir');
  const lower = valueOf('lowerdir');
  if (folder === undefined || lower === undefined || options.includes('userxattr')) return undefined;
  return { folder, parents: lower.split(':'), whiteouts: 'overlay' };
}

/** The lowest layer of overlayfs, or a copy of all layers below. */
function bindFolder({ source, options }: Mount): SnapshotFolder | undefined {
  return options.includes('rw') ? { folder: source, parents: [], whiteouts: 'remove' } : undefined;
}

function isOurs(folder: string, root: string): boolean {
  if (!folder.startsWith(`${root}/`)) return false;
  return tolerate(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS'], () => accessSync(folder, constants.W_OK));
}
