import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SnapshotMount } from '@berth/engine/store/snapshot';

/** Why tests that need root are skipped; false when they can run. */
export const needsRoot: string | false =
  process.getuid?.() === 0 ? false : 'needs root: mounts, devices and trusted attributes';

/** A temporary folder, and mounts in it that go with it. */
export class Workplace implements Disposable {
  readonly path = mkdtempSync(path.join(tmpdir(), 'berth-store-'));
  readonly #mounted: string[] = [];
  #count = 0;

  folder(): string {
    const folder = path.join(this.path, `folder-${this.#count++}`);
    mkdirSync(folder);
    return folder;
  }

  /** Mounts it as the launcher would: with the working folder that its paths are relative to. */
  mount({ type, source, options, cwd }: SnapshotMount): string {
    const target = this.folder();
    const flags = type === 'bind' ? [] : ['-t', type];
    execFileSync('mount', [...flags, '-o', options.join(','), source, target], { cwd });
    this.#mounted.push(target);
    return target;
  }

  unmount(target: string): void {
    execFileSync('umount', [target]);
    this.#mounted.splice(this.#mounted.indexOf(target), 1);
  }

  [Symbol.dispose](): void {
    for (const target of this.#mounted.toReversed()) execFileSync('umount', [target]);
    rmSync(this.path, { recursive: true, force: true });
  }
}
