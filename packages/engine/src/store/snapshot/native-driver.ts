import { chmodSync, mkdirSync } from 'node:fs';
import type { SnapshotDriver, SnapshotStack } from './driver.ts';
import { bindMount, filesPath } from './tree-folder.ts';
import { copyTree } from './copy-tree.ts';

/** Each snapshot is a whole tree: a copy of its parent, with shared blocks where the file system can. */
export const nativeDriver: SnapshotDriver = {
  name: 'native',

  async create(root, { id, kind, parents }) {
    const files = filesPath(root, id);
    mkdirSync(files);
    chmodSync(files, 0o755);
    const [parent] = parents;
    // A view needs no copy: its parent never changes.
    if (kind === 'active' && parent !== undefined) await copyTree(filesPath(root, parent), files);
  },

  mount: (root, stack) => bindMount(root, treeOf(stack), stack.kind === 'active' ? 'rw' : 'ro'),

  layers: (root, stack) => [filesPath(root, treeOf(stack))],
};

function treeOf({ id, kind, parents }: SnapshotStack): number {
  return kind === 'view' ? (parents[0] ?? id) : id;
}
