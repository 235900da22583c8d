import type { BigIntStats } from 'node:fs';
import type { CallContext } from '@berth/model/context';
import type { Labels } from './content.ts';

/**
 * Snapshots: file trees stacked on each other (containerd's vocabulary).
 *
 * Life cycle: `prepare` makes an *active* snapshot, writable, on a committed parent; `commit` turns it into a
 * *committed* one under another name, read-only from then on, a possible parent; `view` is a read-only
 * look at a parent. Unpacked layers are committed under their chain id; a container's own layer stays active.
 * Data of a committed snapshot is on disk before the commit is recorded.
 */
export interface SnapshotStore {
  /** Which implementation this is: `overlayfs` or `native`. */
  readonly driver: string;
  /** @throws already_exists (key), not_found (parent), failed_precondition (parent is not committed) */
  prepare(context: CallContext, key: string, parent: string, labels?: Labels): Promise<Snapshot>;
  /**
   * `prepare` in two steps: the folder now, the record with `keep`, which shares its transaction with what else is written in
   * the same turn. A draft that is disposed of before it was kept leaves nothing. @throws not_found (parent); `keep` as `prepare`
   */
  draft(context: CallContext, key: string, parent: string, labels?: Labels): Promise<SnapshotDraft>;
  /** As `prepare`, read-only. */
  view(context: CallContext, key: string, parent: string, labels?: Labels): Promise<Snapshot>;
  /** @throws not_found, already_exists (name), failed_precondition (key is not active) */
  commit(context: CallContext, name: string, key: string, options?: CommitSnapshotOptions): Promise<void>;
  /** @throws not_found, failed_precondition (`has_children`) */
  remove(context: CallContext, key: string): Promise<void>;
  /** Under a lease it is protected from now on, as it would be by making it. @throws not_found */
  stat(context: CallContext, key: string): Promise<SnapshotInfo>;
  /** @throws not_found */
  usage(context: CallContext, key: string): Promise<SnapshotUsage>;
  list(context: CallContext): AsyncIterable<SnapshotInfo>;
  /** How the tree is mounted. @throws not_found */
  mounts(context: CallContext, key: string): Promise<SnapshotMount>;
  /** The layers' own folders, top first (the writable one first for an active snapshot). @throws not_found */
  layers(context: CallContext, key: string): Promise<readonly string[]>;
}

export interface Snapshot {
  readonly key: string;
  /** Where the snapshot's own files are: layers are unpacked into this folder. */
  readonly path: string;
  readonly mount: SnapshotMount;
}

export interface SnapshotDraft extends Snapshot, AsyncDisposable {
  keep(): Promise<void>;
}

/** One mount(2), with `cwd` so that long stacks of layers fit into the page that mount(2) takes. */
export interface SnapshotMount {
  readonly type: 'overlay' | 'bind';
  readonly source: string;
  readonly options: readonly string[];
  /** Relative paths in `options` and `source` are relative to this folder. */
  readonly cwd: string;
}

/** Something in a stack of layers, as the stack shows it. Its functions are good until the next one is asked for. */
export interface TreeEntry {
  /** From the root, without a slash in front; a character for each byte (Latin-1): names need not be UTF-8. */
  readonly path: string;
  readonly stat: BigIntStats;
  /** What a symbolic link says, a character for each byte. */
  linkTarget(): string;
  /** Without those that are the stack's own. */
  xattrs(): ReadonlyMap<string, Uint8Array>;
  /** A regular file's bytes in pieces, which are good until the next one. */
  read(): Iterable<Uint8Array>;
}

export interface CommitSnapshotOptions {
  readonly labels?: Labels;
  /** The caller has called syncfs(2) after its last write, as a layer worker does; the store need not. */
  readonly synced?: boolean;
  /**
   * Puts a snapshot that was prepared on nothing onto this parent, so that layers can be unpacked side by side. Not for
   * `native`, whose snapshots hold their parents' files. @throws not_found, failed_precondition (not committed, or the
   * snapshot has a parent)
   */
  readonly parent?: string;
}

export interface SnapshotInfo {
  /** The key of an active snapshot or view, the name of a committed one. */
  readonly key: string;
  readonly kind: 'active' | 'view' | 'committed';
  /** Empty for a base. */
  readonly parent: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly labels: Labels;
}

export interface SnapshotUsage {
  readonly bytes: number;
  readonly inodes: number;
}
