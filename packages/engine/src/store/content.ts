import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';

/**
 * Content: immutable blobs under their digest.
 *
 * Life cycle: an *ingest* is opened under a reference, takes bytes, survives a restart of the daemon with
 * its offset, and becomes a *blob* by `commit`, after its digest was verified and file and folder are on
 * disk. A blob never changes; it goes when nothing refers to it (garbage collection) or by `delete`.
 *
 * The raw store knows bytes only. Namespaces, labels and leases are a wrapper of the same contract.
 */
export interface ContentStore {
  /** @throws not_found */
  info(context: CallContext, digest: Digest): Promise<BlobInfo>;
  /** @throws not_found, out_of_range (offset beyond the end) */
  read(context: CallContext, digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array>;
  /** The whole blob in memory. @throws not_found, resource_exhausted when it is larger than `limit` bytes */
  readAll(context: CallContext, digest: Digest, limit?: number): Promise<Uint8Array>;
  /** Every blob the caller may see, in digest order. */
  list(context: CallContext): AsyncIterable<BlobInfo>;
  /** Replaces the labels given; an empty value removes a label. @throws not_found */
  label(context: CallContext, digest: Digest, labels: Labels): Promise<BlobInfo>;
  /** @throws not_found */
  delete(context: CallContext, digest: Digest): Promise<void>;

  /**
   * Opens or resumes the ingest of this reference. Only one writer at a time holds a reference. With `expected.digest`
   * it is one ingest for all namespaces of a share group: bytes that one of them left are taken up by another.
   * @throws unavailable (another writer holds it), already_exists (`expected` is already a blob)
   */
  ingest(context: CallContext, ref: string, expected?: Expected): Promise<Ingest>;
  ingests(context: CallContext): Promise<readonly IngestStatus[]>;
  /** @throws not_found */
  abort(context: CallContext, ref: string): Promise<void>;
}

/** An open writer. Dispose closes it and keeps the bytes for a later resume. */
export interface Ingest extends AsyncDisposable {
  readonly ref: string;
  /** The ingest's file: a worker thread may append to it instead of calling `write`. */
  readonly path: string;
  /** Bytes already there when it was opened. */
  readonly offset: number;
  write(chunk: Uint8Array): Promise<void>;
  /** Drops what was written from `size` on (0: start again). */
  truncate(size: number): Promise<void>;
  /**
   * Verifies, syncs and publishes. `verified` is what a trusted worker measured while it wrote the file;
   * without it the store hashes the file itself. A blob that exists already is success: the bytes are the same.
   * @throws data_loss (`digest_mismatch`, `size_mismatch`): the ingest is removed
   */
  commit(context: CallContext, expected?: Expected, options?: CommitOptions): Promise<BlobInfo>;
}

export interface CommitOptions {
  readonly labels?: Labels;
  readonly verified?: { readonly digest: Digest; readonly size: number };
}

export interface Expected {
  readonly digest?: Digest;
  readonly size?: number;
}

export interface BlobInfo {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly labels: Labels;
}

export interface IngestStatus {
  readonly ref: string;
  readonly offset: number;
  readonly expected: Expected;
  readonly startedAt: number;
  readonly updatedAt: number;
}

export interface ByteRange {
  readonly offset: number;
  /** Absent: to the end. */
  readonly length?: number;
}

export type Labels = Readonly<Record<string, string>>;
