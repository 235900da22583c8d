import { closeSync, globSync, openSync, readFileSync } from 'node:fs';
import { tolerate } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { GrowingFile } from '../../layer/job.ts';
import { advance, finish, type SharedProgress, sharedProgress } from '../../layer/shared-progress.ts';
import { ingestReference } from './ingest.ts';

/**
 * The bytes of an ingest as containerd has written them so far, for a thread that follows it. The file is held open: it
 * becomes the blob when it is committed.
 */
export class LocalIngest implements Disposable {
  readonly source: GrowingFile;
  readonly #growth: SharedProgress;
  readonly #fd: number;

  private constructor(fd: number, length: number) {
    this.#fd = fd;
    this.#growth = sharedProgress();
    this.source = { path: `/proc/self/fd/${fd}`, length, growth: this.#growth };
  }

  /** Undefined when there is no such ingest, or its files lie in another way than they are known to. */
  static open(root: string, namespace: string, descriptor: Descriptor): LocalIngest | undefined {
    const reference = ingestReference(descriptor);
    let found: LocalIngest | undefined;
    tolerate(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'], () => {
      for (const file of globSync('ingest/*/ref', { cwd: root })) {
        // containerd puts the namespace and a number before it.
        const name = readFileSync(`${root}/${file}`, 'utf8');
        if (!name.startsWith(`${namespace}/`) || !name.endsWith(`/${reference}`)) continue;
        found ??= new LocalIngest(openSync(`${root}/${file.replace(/ref$/, 'data')}`, 'r'), descriptor.size);
      }
    });
    return found;
  }

  /** containerd has told that this many bytes are written. */
  reached(bytes: number): void {
    advance(this.#growth, bytes);
  }

  /** No more will come. */
  ended(success: boolean): void {
    finish(this.#growth, success);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
