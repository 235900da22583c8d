import type { Digest } from '@berth/model/digest';
import type { ErrorKind } from '@berth/model/error';
import type { Compression } from '@berth/model/media-type';
import type { SharedProgress } from './shared-progress.ts';

/** Bytes of a file: where a worker thread reads a layer's blob. */
export interface FileRange {
  readonly path: string;
  /** 0 when absent. */
  readonly offset?: number;
  /** To the end of the file when absent. */
  readonly length?: number;
}

/** A file that another thread is still writing, from its start; its `length` is known. */
export interface GrowingFile extends FileRange {
  readonly length: number;
  /** Bytes that may be read, and whether more will come. */
  readonly growth: SharedProgress;
}

/** What to do with one layer. Everything but `source` and `compression` is optional. */
export interface LayerJob {
  readonly source: FileRange | GrowingFile;
  readonly compression: Compression;
  /** The blob's bytes are written to this file from its start, and it is cut to the blob's size. */
  readonly copyTo?: string;
  /** The layer's entries are written into this folder, which must exist. */
  readonly unpackTo?: string;
  /**
   * How deletions are carried out: as overlayfs marks in a folder that holds this layer alone (the
   * default), or by removing files from a folder that holds the lower layers too.
   */
  readonly whiteouts?: 'overlay' | 'remove';
  /**
   * The lower layers' folders, top first: folders that the layer needs and does not describe take owner, mode
   * and attributes from there. Without it they are root's, 0755, and listed in the result.
   */
  readonly parents?: readonly string[];
  /**
   * The lower layers are still being unpacked: nothing is taken from them before this has ended. Then the root folder,
   * too, takes owner and mode from below, where the layer does not describe it.
   */
  readonly parentsReady?: SharedProgress;
  readonly expect?: LayerExpectation;
  /** Although nothing is unpacked: measure the diff id, and refuse what is no tar. */
  readonly wantDiffId?: boolean;
  /** Call syncfs(2) on the file system of `unpackTo` when all is written. */
  readonly sync?: boolean;
}

export interface LayerExpectation {
  /** Of the blob as stored. */
  readonly digest?: Digest;
  readonly size?: number;
  /** Of the uncompressed tar (image-spec, config.md, "Layer DiffID"). */
  readonly diffId?: Digest;
}

export interface LayerResult {
  readonly digest: Digest;
  /** Bytes of the blob. */
  readonly size: number;
  /** Absent when the blob was only copied. */
  readonly diffId?: Digest;
  /** Content bytes written, without holes; 0 when nothing was unpacked. */
  readonly unpackedBytes: number;
  readonly entries: number;
  /** Folders made without an entry of their own that no parent knew: see `adoptFolders`. */
  readonly impliedFolders: readonly string[];
  readonly timing: LayerTiming;
}

/** Where the thread's time went, milliseconds; the parts add up to the whole. */
export interface LayerTiming {
  /** Waited for bytes that were still to come. */
  readonly transfer: number;
  /** Both digests. */
  readonly hash: number;
  /** Waited for the inflating thread, and for reading. */
  readonly inflate: number;
  /** Reading the tar and writing its files. */
  readonly unpack: number;
  /** Waited for lower layers. */
  readonly order: number;
  /** syncfs(2). */
  readonly sync: number;
}

/** What the thread gets. */
export interface WorkerInput {
  readonly job: LayerJob;
  /** One word of shared memory; anything but 0 stops the job. */
  readonly stop: Int32Array;
}

/** What the thread answers. Errors lose their class on the way between threads. */
export type WorkerMessage =
  | { readonly type: 'progress'; readonly bytesRead: number }
  | { readonly type: 'done'; readonly result: LayerResult }
  | { readonly type: 'failed'; readonly error: PlainError };

export interface PlainError {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly stack?: string;
}
