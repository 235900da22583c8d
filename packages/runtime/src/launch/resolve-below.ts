import { closeSync, constants, openSync, readlinkSync } from 'node:fs';
import { openIfThere } from '@berth/addon/file';
import { O_PATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '@berth/addon/flag';

/**
 * Where a path leads in a tree that somebody else made: its links are followed as if the tree were all there is. The
 * answer is a host path without links; undefined when there is nothing. Good as long as the tree does not change.
 */
export function resolveBelow(root: string, name: string): string | undefined {
  const folder = openSync(root, O_PATH | constants.O_DIRECTORY);
  try {
    const resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const found = openIfThere(folder, name, { flags: O_PATH, resolve });
    if (found === undefined) return undefined;
    try {
      return readlinkSync(`/proc/self/fd/${found}`);
    } finally {
      closeSync(found);
    }
  } finally {
    closeSync(folder);
  }
}
