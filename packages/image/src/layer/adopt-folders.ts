import { constants, fstatSync } from 'node:fs';
import * as file from '@berth/addon/file';
import { getXattr, listXattrs, setXattr } from '@berth/addon/xattr';
import { errnoName } from '@berth/model/error';
import type { ByteText } from '../tar/entry.ts';
import { FolderTree } from './folder-tree.ts';

const readable = { flags: constants.O_RDONLY | constants.O_DIRECTORY };

/**
 * A layer may have `etc/motd` and say nothing about `etc`. In overlayfs the layer's own `etc` would then hide
 * owner and mode of the one below: such folders take them from the nearest lower layer that has the
 * folder, as containerd does it.
 *
 * To be used after the lower layers are unpacked; layers that were unpacked in parallel call it at the end.
 * @param implied paths that `applyLayer` reported
 * @param parents the lower layers' folders, top first
 * @returns the paths that no parent has
 */
export function adoptFolders(
  folder: string,
  implied: readonly ByteText[],
  parents: readonly string[],
): readonly ByteText[] {
  if (implied.length === 0 || parents.length === 0) return implied;
  using layer = new FolderTree(folder);
  let unknown = implied;
  for (const parent of parents) {
    using below = new FolderTree(parent);
    unknown = unknown.filter((path) => !adopt(layer, below, path));
  }
  return unknown;
}

/** True when nothing is left to do for the path: it was taken over, or something else is in its place below. */
function adopt(layer: FolderTree, below: FolderTree, path: ByteText): boolean {
  try {
    const from = below.find(path);
    const to = layer.find(path);
    if (from === undefined || to === undefined) return to === undefined;
    copyFolderMetadata(file.openat2(from, '.', readable), file.openat2(to, '.', readable));
    return true;
  } catch (error) {
    // A file or a whiteout: lower folders of this name do not shine through it.
    if (errnoName(error) === 'ENOTDIR') return true;
    throw error;
  }
}

function copyFolderMetadata(from: number, to: number): void {
  try {
    const { uid, gid, mode, atimeNs, mtimeNs } = fstatSync(from, { bigint: true });
    file.fchownat(to, '', { uid: Number(uid), gid: Number(gid) }, 0x1000);
    for (const key of listXattrs(from)) {
      if (!key.startsWith('trusted.overlay.')) setXattr(to, key, getXattr(from, key) ?? Buffer.alloc(0));
    }
    file.fchmod(to, Number(mode & 0o7777n));
    file.futimens(to, { atime: timestamp(atimeNs), mtime: timestamp(mtimeNs) });
  } finally {
    file.close(from);
    file.close(to);
  }
}

function timestamp(nanoseconds: bigint): file.Timestamp {
  const rest = BigInt.asUintN(64, ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n);
  return { seconds: Number((nanoseconds - rest) / 1_000_000_000n), nanoseconds: Number(rest) };
}
