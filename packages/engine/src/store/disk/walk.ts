import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errnoName } from '@berth/model/error';

/** How long others have to wait for a turn, ms: synchronous calls are five times quicker than promises. */
const slice = 4;
const separator = Buffer.from('/');

/** Counts allocated bytes as du(1) does: each inode once over all its walks, and one file system only. */
export class BlockCounter {
  readonly #device: number;
  readonly #linked = new Set<number>();
  #turnStarted = performance.now();

  /** @param root whose file system it is about */
  constructor(root: string) {
    this.#device = lstatSync(root).dev;
  }

  /** A file, or a folder without what is in it. Nothing for what is gone meanwhile. */
  one(path: string | Buffer): number {
    const stat = look(path);
    return stat === undefined ? 0 : this.#count(stat);
  }

  /** A folder with all that is in it, or a file. Names are taken as bytes: layers hold some that are not UTF-8. */
  async tree(root: string): Promise<number> {
    let bytes = this.one(root);
    const pending = [Buffer.from(root)];
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      for (const name of entriesOf(folder)) {
        const path = Buffer.concat([folder, separator, name]);
        const stat = look(path);
        if (stat === undefined) continue;
        bytes += this.#count(stat);
        if (stat.isDirectory() && stat.dev === this.#device) pending.push(path);
      }
      await this.#breathe();
    }
    return bytes;
  }

  #count(stat: Stats): number {
    if (stat.dev !== this.#device) return 0;
    if (stat.nlink > 1 && !stat.isDirectory()) {
      if (this.#linked.has(stat.ino)) return 0;
      this.#linked.add(stat.ino);
    }
    return stat.blocks * 512;
  }

  async #breathe(): Promise<void> {
    if (performance.now() - this.#turnStarted < slice) return;
    await nextTurn();
    this.#turnStarted = performance.now();
  }
}

/** Empty for a file, and for a folder that is gone meanwhile. */
export function entriesOf(folder: string | Buffer): Buffer[] {
  try {
    return readdirSync(folder, 'buffer');
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function look(path: string | Buffer): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  const name = errnoName(error);
  return name === 'ENOENT' || name === 'ENOTDIR';
}
