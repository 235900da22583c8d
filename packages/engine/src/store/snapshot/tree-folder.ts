import path from 'node:path';
import type { SnapshotMount } from '../snapshot.ts';

/** Where a snapshot's own files are, relative to the snapshots' root: short, for mount(2)'s page of options. */
export function filesOf(id: number): string {
  return `${id}/fs`;
}

export function filesPath(root: string, id: number): string {
  return path.join(root, filesOf(id));
}

/** The tree of one folder, shown somewhere else. */
export function bindMount(root: string, id: number, access: 'ro' | 'rw'): SnapshotMount {
  return { type: 'bind', source: filesOf(id), options: ['rbind', access], cwd: root };
}
