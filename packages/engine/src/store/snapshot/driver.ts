import { readFileSync } from 'node:fs';
import type { SnapshotInfo, SnapshotMount } from '../snapshot.ts';
import { nativeDriver } from './native-driver.ts';
import { overlayDriver } from './overlay-driver.ts';

/** How trees are stacked. Stateless: a root folder and the numbers of the folders say everything. */
export interface SnapshotDriver {
  readonly name: 'overlayfs' | 'native';
  /** Fills the snapshot's folder, which is there and empty. */
  create(root: string, stack: SnapshotStack): Promise<void>;
  mount(root: string, stack: SnapshotStack): SnapshotMount;
  /** Top first. */
  layers(root: string, stack: SnapshotStack): readonly string[];
}

/** A snapshot and what it stands on: numbers of folders. */
export interface SnapshotStack {
  readonly id: number;
  readonly kind: SnapshotInfo['kind'];
  /** Nearest first. */
  readonly parents: readonly number[];
}

export type DriverChoice = 'auto' | SnapshotDriver['name'];

/** `auto` is overlayfs where the kernel has it, filesystems(5). */
export function chooseDriver(choice: DriverChoice): SnapshotDriver {
  if (choice === 'native') return nativeDriver;
  if (choice === 'overlayfs' || /\toverlay$/m.test(readFileSync('/proc/filesystems', 'utf8'))) return overlayDriver;
  return nativeDriver;
}
