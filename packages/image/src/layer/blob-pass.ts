import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { type Digest, digestAlgorithm } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { LayerJob } from './job.ts';
import type { PhaseClock } from './phase-clock.ts';
import { reached, type SharedProgress } from './shared-progress.ts';

/** What a running job tells and asks, once per piece read. */
export interface JobObserver {
  read(bytesRead: number): void;
  /** @throws to stop the job */
  checkpoint(): void;
}

/** What a blob turned out to be. */
export interface Measured {
  readonly digest: Digest;
  readonly size: number;
}

const pieceSize = 512 * 1024;

/** One pass over the blob: reads, measures and copies. Buffers are used again once they are released. */
export class BlobPass implements Disposable {
  readonly #source: number;
  readonly #copy: number | undefined;
  readonly #hash: Hash;
  readonly #algorithm: 'sha256' | 'sha512';
  readonly #observer: JobObserver;
  readonly #start: number;
  readonly #length: number;
  readonly #growth: SharedProgress | undefined;
  readonly #clock: PhaseClock;
  readonly #free: Buffer[] = [];
  #read = 0;

  constructor(job: LayerJob, observer: JobObserver, clock: PhaseClock) {
    const { path, offset = 0, length } = job.source;
    this.#algorithm = algorithmOf(job.expect?.digest);
    this.#hash = createHash(this.#algorithm);
    this.#observer = observer;
    this.#clock = clock;
    this.#growth = 'growth' in job.source ? job.source.growth : undefined;
    this.#start = offset;
    this.#source = openSync(path, 'r');
    this.#length = length ?? Math.max(0, fstatSync(this.#source).size - offset);
    this.#copy =
      job.copyTo === undefined ? undefined : openSync(job.copyTo, constants.O_WRONLY | constants.O_CREAT, 0o600);
  }

  /** @throws aborted (`source_failed`) when the rest of a growing file will not come */
  async next(): Promise<Buffer | undefined> {
    this.#observer.checkpoint();
    const wanted = Math.min(pieceSize, this.#length - this.#read);
    if (wanted === 0) return undefined;
    if (this.#growth !== undefined) await this.#grown(this.#growth, this.#read + wanted);
    const buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(pieceSize);
    const got = readSync(this.#source, buffer, 0, wanted, this.#start + this.#read);
    if (got === 0) return undefined;
    const piece = buffer.subarray(0, got);
    this.#clock.run('hash', () => this.#hash.update(piece));
    if (this.#copy !== undefined) writeAll(this.#copy, piece, this.#read);
    this.#read += got;
    this.#observer.read(this.#read);
    return piece;
  }

  async #grown(growth: SharedProgress, amount: number): Promise<void> {
    const { state } = await this.#clock.wait(
      'transfer',
      reached(growth, amount, () => this.#observer.checkpoint()),
    );
    if (state === 'failed') {
      throw new BerthError('aborted', 'the bytes of the layer stopped coming', { code: 'source_failed' });
    }
  }

  release(piece: Buffer): void {
    if (piece.buffer.byteLength === pieceSize) this.#free.push(Buffer.from(piece.buffer));
  }

  measured(): Measured {
    return { digest: `${this.#algorithm}:${this.#hash.digest('hex')}`, size: this.#read };
  }

  complete(): void {
    if (this.#copy !== undefined) ftruncateSync(this.#copy, this.#read);
  }

  [Symbol.dispose](): void {
    closeSync(this.#source);
    if (this.#copy !== undefined) closeSync(this.#copy);
  }
}

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at, position + at);
}

/** The algorithm of an expected digest, sha256 where none is expected. */
export function algorithmOf(digest: Digest | undefined): 'sha256' | 'sha512' {
  return digest === undefined ? 'sha256' : digestAlgorithm(digest);
}
