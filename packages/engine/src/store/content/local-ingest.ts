import { constants } from 'node:fs';
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import type { CallContext } from '@berth/model/context';
import { type Digest, digestAlgorithm } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { BlobInfo, CommitOptions, Expected, Ingest } from '../content.ts';
import { digestMismatch, sizeMismatch } from './content-error.ts';
import type { IngestFolder } from './ingest-folder.ts';

/** What a file turned out to be. */
export interface Measured {
  readonly digest: Digest;
  readonly size: number;
}

export interface LocalIngestParts {
  readonly ref: string;
  readonly expected: Expected;
  readonly folder: IngestFolder;
  /** Moves the file to its place, durably. */
  readonly publish: (file: string, blob: Measured) => Promise<BlobInfo>;
  readonly release: () => void;
}

export interface LocalCommitOptions extends CommitOptions {
  /** Called in the same turn in which the blob's file is looked for or put in place. */
  readonly onPublish?: (digest: Digest) => void;
}

/** A writer of one ingest's file. */
export class LocalIngest implements Ingest {
  readonly ref: string;
  readonly path: string;
  readonly offset: number;
  readonly #parts: LocalIngestParts;
  readonly #file: FileHandle;
  /** Hash of the file so far, as long as every byte of it went through `write`. */
  #running: { readonly algorithm: string; readonly hash: Hash; size: number } | undefined;
  #isOpen = true;

  private constructor(parts: LocalIngestParts, file: FileHandle, offset: number) {
    this.#parts = parts;
    this.#file = file;
    this.ref = parts.ref;
    this.path = parts.folder.data;
    this.offset = offset;
    if (offset === 0) this.#startHash();
  }

  static async open(parts: LocalIngestParts): Promise<LocalIngest> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND;
    const file = await open(parts.folder.data, flags, 0o600);
    const { size } = await file.stat();
    return new LocalIngest(parts, file, size);
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#check();
    for (let done = 0; done < chunk.length;) {
      const { bytesWritten } = await this.#file.write(chunk, done);
      done += bytesWritten;
    }
    if (this.#running === undefined) return;
    this.#running.hash.update(chunk);
    this.#running.size += chunk.length;
  }

  async truncate(size: number): Promise<void> {
    this.#check();
    await this.#file.truncate(size);
    this.#running = undefined;
    if (size === 0) this.#startHash();
  }

  async commit(context: CallContext, expected: Expected = {}, options: LocalCommitOptions = {}): Promise<BlobInfo> {
    this.#check();
    context.signal.throwIfAborted();
    const wanted = { ...this.#parts.expected, ...expected };
    const measured = await this.#measure(wanted, options.verified);
    if (measured instanceof BerthError) {
      await this.#remove();
      throw measured;
    }
    await this.#sync();
    options.onPublish?.(measured.digest);
    const info = await this.#parts.publish(this.path, measured);
    await this.#remove();
    return info;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      await this.#file.close();
    } finally {
      this.#parts.release();
    }
  }

  /** After a failed sync the kernel takes the bytes for written, and a second sync would not tell: they are dropped. */
  async #sync(): Promise<void> {
    try {
      await this.#file.sync();
    } catch (error) {
      await this.#remove();
      throw error;
    }
  }

  /** What the file is, or why it is not what was wanted. */
  async #measure(wanted: Expected, verified: Measured | undefined): Promise<Measured | BerthError> {
    const { size } = await this.#file.stat();
    const wantedSize = wanted.size ?? verified?.size ?? size;
    if (size !== wantedSize) return sizeMismatch(wanted.digest ?? this.ref, size, wantedSize);
    const digest = verified?.digest ?? (await this.#digest(wanted.digest, size));
    if (wanted.digest !== undefined && digest !== wanted.digest) return digestMismatch(digest, wanted.digest);
    return { digest, size };
  }

  /** The folder goes before the reference is free again: the next writer must not find the old bytes. */
  async #remove(): Promise<void> {
    await rm(this.#parts.folder.folder, { recursive: true, force: true });
    await this[Symbol.asyncDispose]();
  }

  #startHash(): void {
    const { digest } = this.#parts.expected;
    const algorithm = digest === undefined ? 'sha256' : digestAlgorithm(digest);
    this.#running = { algorithm, hash: createHash(algorithm), size: 0 };
  }

  async #digest(wanted: Digest | undefined, size: number): Promise<Digest> {
    const algorithm = wanted === undefined ? 'sha256' : digestAlgorithm(wanted);
    const running = this.#running;
    // A hash ends only once; a commit that fails later may be tried again.
    if (running?.algorithm === algorithm && running.size === size) {
      return `${algorithm}:${running.hash.copy().digest('hex')}`;
    }
    const hash = createHash(algorithm);
    const buffer = Buffer.allocUnsafeSlow(1 << 20);
    for (let at = 0; at < size;) {
      const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return `${algorithm}:${hash.digest('hex')}`;
  }

  #check(): void {
    if (this.#isOpen) return;
    throw new BerthError('failed_precondition', `ingest ${this.ref} is closed`, { code: 'ingest_closed' });
  }
}
