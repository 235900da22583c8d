import { createHash } from 'node:crypto';
import { readFileSync, renameSync, statSync } from 'node:fs';
import { chmod, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CallContext } from '@berth/model/context';
import { type Digest, digestAlgorithm, digestHex, isDigest } from '@berth/model/digest';
import { BerthError, errnoName } from '@berth/model/error';
import type { BlobInfo, ByteRange, ContentStore, Expected, IngestStatus } from '../content.ts';
import { blobExists, invalidOffset, missingBlob, missingIngest, tooLarge } from './content-error.ts';
import { openIngestFolder, readIngestStatus } from './ingest-folder.ts';
import { LocalIngest, type Measured } from './local-ingest.ts';

/** The raw store, with what only files have. */
export interface LocalContentStore extends ContentStore {
  /** Where the blob's file is, or would be: a worker thread reads it there. */
  blobPath(digest: Digest): string;
  /** Takes the blob out of sight before it returns, and frees its bytes behind that. Undefined when there is none. */
  evict(digest: Digest): Promise<number> | undefined;
  /** Aborts ingests that nobody holds and nobody has written to since `time` (ms since 1970), but for those to `keep`. */
  expireIngests(time: number, keep?: ReadonlySet<string>): Promise<readonly string[]>;
  /**
   * Removes ingests that nobody holds: those whose reference a crash took, which nobody could resume, or all.
   * @returns how many
   */
  dropIngests(which: 'stray' | 'all'): Promise<number>;
  /** As `ingest`, also when the blob's file is there: a wrapper may not know it, or be about to let it go. */
  resume(ref: string, expected?: Expected): Promise<LocalIngest>;
}

/** Few enough system calls a megabyte, and small enough for many readers at once. */
const chunkSize = 512 * 1024;
/** Documents: reading them in one synchronous call takes a tenth of the time that promises take. */
const smallBlob = 64 * 1024;
export const defaultReadAllLimit = 64 * 1024 * 1024;

/**
 * Blobs as files: `blobs/sha256/HEX`, `ingest/HASH-OF-REF/{ref,data}` and `trash/`. It knows bytes only: labels
 * are always empty and cannot be set, and every namespace sees everything.
 */
export class LocalContent implements LocalContentStore {
  readonly #root: string;
  /** References that have a writer. The root's lock keeps other processes out. */
  readonly #held = new Set<string>();
  #trashCount = 0;

  private constructor(root: string) {
    this.#root = root;
  }

  static async open(root: string): Promise<LocalContent> {
    for (const folder of ['blobs/sha256', 'blobs/sha512', 'ingest', 'trash']) {
      await mkdir(path.join(root, folder), { recursive: true, mode: 0o700 });
    }
    for (const name of await readdir(path.join(root, 'trash'))) await rm(path.join(root, 'trash', name));
    return new LocalContent(root);
  }

  blobPath(digest: Digest): string {
    return path.join(this.#root, 'blobs', digestAlgorithm(digest), digestHex(digest));
  }

  async info(_context: CallContext, digest: Digest): Promise<BlobInfo> {
    try {
      const { size, birthtimeMs, mtimeMs } = await stat(this.blobPath(digest));
      return { digest, size, createdAt: Math.floor(birthtimeMs), updatedAt: Math.floor(mtimeMs), labels: {} };
    } catch (error) {
      throw errnoName(error) === 'ENOENT' ? missingBlob(digest) : error;
    }
  }

  async *read(context: CallContext, digest: Digest, range: ByteRange = { offset: 0 }): AsyncIterable<Uint8Array> {
    await using file = await this.#openBlob(digest);
    const { size } = await file.stat();
    const { offset } = range;
    const end = Math.min(size, offset + (range.length ?? size));
    if (!(offset >= 0 && offset <= size && end >= offset)) throw invalidOffset(digest, offset, size);
    for (let at = offset; at < end;) {
      context.signal.throwIfAborted();
      // A new buffer each time: consumers may keep what they got.
      const chunk = Buffer.allocUnsafeSlow(Math.min(chunkSize, end - at));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  }

  async readAll(context: CallContext, digest: Digest, limit = defaultReadAllLimit): Promise<Uint8Array> {
    const { size } = await this.info(context, digest);
    if (size > limit) throw tooLarge(digest, size, limit);
    if (size <= smallBlob) return await this.#readSmall(digest);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.read(context, digest)) chunks.push(chunk);
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }

  async #readSmall(digest: Digest): Promise<Uint8Array> {
    try {
      return readFileSync(this.blobPath(digest));
    } catch (error) {
      throw errnoName(error) === 'ENOENT' ? missingBlob(digest) : error;
    }
  }

  async *list(context: CallContext): AsyncIterable<BlobInfo> {
    for (const algorithm of ['sha256', 'sha512']) {
      const names = await readdir(path.join(this.#root, 'blobs', algorithm));
      for (const name of names.toSorted()) {
        const digest = `${algorithm}:${name}`;
        const info = isDigest(digest) ? await this.#peek(context, digest) : undefined;
        if (info !== undefined) yield info;
      }
    }
  }

  label(): Promise<BlobInfo> {
    return Promise.reject(new BerthError('unimplemented', 'the raw content store keeps no labels'));
  }

  async delete(_context: CallContext, digest: Digest): Promise<void> {
    const freed = this.evict(digest);
    if (freed === undefined) throw missingBlob(digest);
    await freed;
  }

  evict(digest: Digest): Promise<number> | undefined {
    const trash = path.join(this.#root, 'trash', String(++this.#trashCount));
    try {
      renameSync(this.blobPath(digest), trash);
    } catch (error) {
      if (errnoName(error) === 'ENOENT') return undefined;
      throw error;
    }
    const { size } = statSync(trash);
    return rm(trash).then(() => size);
  }

  async ingest(context: CallContext, ref: string, expected: Expected = {}): Promise<LocalIngest> {
    const { digest, size } = expected;
    const present = digest === undefined ? undefined : await this.#peek(context, digest);
    // Another size under the right name is a damaged file: the new bytes will replace it.
    if (present !== undefined && (size ?? present.size) === present.size) throw blobExists(present.digest);
    return await this.resume(ref, expected);
  }

  async resume(ref: string, expected: Expected = {}): Promise<LocalIngest> {
    if (this.#held.has(ref)) {
      throw new BerthError('unavailable', `ingest ${ref} has a writer already`, {
        code: 'ingest_held',
        hint: 'wait until the other writer is done, or use another reference',
      });
    }
    this.#held.add(ref);
    const release = (): void => void this.#held.delete(ref);
    try {
      const folder = await openIngestFolder(this.#ingestFolder(ref), ref, expected);
      const publish = (from: string, blob: Measured): Promise<BlobInfo> => this.#publish(from, blob);
      return await LocalIngest.open({ ref, expected, folder, release, publish });
    } catch (error) {
      release();
      throw error;
    }
  }

  async ingests(): Promise<readonly IngestStatus[]> {
    const names = await readdir(path.join(this.#root, 'ingest'));
    const all = await Promise.all(names.map((name) => readIngestStatus(path.join(this.#root, 'ingest', name))));
    return all.filter((status) => status !== undefined);
  }

  async abort(_context: CallContext, ref: string): Promise<void> {
    const folder = this.#ingestFolder(ref);
    if ((await readIngestStatus(folder)) === undefined) throw missingIngest(ref);
    await rm(folder, { recursive: true, force: true });
  }

  async expireIngests(time: number, keep: ReadonlySet<string> = new Set()): Promise<readonly string[]> {
    const expired: string[] = [];
    for (const name of await readdir(path.join(this.#root, 'ingest'))) {
      const folder = path.join(this.#root, 'ingest', name);
      const status = await readIngestStatus(folder);
      if (status !== undefined && (this.#held.has(status.ref) || keep.has(status.ref))) continue;
      // Without a status: cut off by a crash before its reference was written, or just gone.
      const touched = status?.updatedAt ?? (await stat(folder).catch(() => undefined))?.mtimeMs ?? time;
      if (touched >= time) continue;
      await rm(folder, { recursive: true, force: true });
      expired.push(status?.ref ?? name);
    }
    return expired;
  }

  async dropIngests(which: 'stray' | 'all'): Promise<number> {
    let count = 0;
    for (const name of await readdir(path.join(this.#root, 'ingest'))) {
      const folder = path.join(this.#root, 'ingest', name);
      const status = await readIngestStatus(folder);
      if (status !== undefined && (which === 'stray' || this.#held.has(status.ref))) continue;
      await rm(folder, { recursive: true, force: true });
      count += 1;
    }
    return count;
  }

  async #peek(context: CallContext, digest: Digest): Promise<BlobInfo | undefined> {
    try {
      return await this.info(context, digest);
    } catch (error) {
      if (error instanceof BerthError && error.kind === 'not_found') return undefined;
      throw error;
    }
  }

  async #openBlob(digest: Digest) {
    try {
      return await open(this.blobPath(digest), 'r');
    } catch (error) {
      throw errnoName(error) === 'ENOENT' ? missingBlob(digest) : error;
    }
  }

  #ingestFolder(ref: string): string {
    return path.join(this.#root, 'ingest', createHash('sha256').update(ref).digest('hex'));
  }

  /** The file's bytes are on disk; now its name, and the folder that holds the name. */
  async #publish(from: string, { digest, size }: Measured): Promise<BlobInfo> {
    const target = this.blobPath(digest);
    await chmod(from, 0o444);
    const before = statSync(target, { throwIfNoEntry: false });
    if (before?.size !== size) {
      renameSync(from, target);
      await syncFolder(path.dirname(target));
    }
    const now = Date.now();
    return { digest, size, createdAt: before?.birthtimeMs ?? now, updatedAt: now, labels: {} };
  }
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}
