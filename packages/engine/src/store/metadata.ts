import type { Descriptor } from '@berth/model/manifest';
import type { Labels } from './content.ts';

/**
 * Metadata: every record of the engine in one transactional store. One writer; a transaction is durable
 * when its promise resolves, and transactions of one turn of the event loop share one sync to disk.
 */
export interface MetadataStore extends AsyncDisposable {
  /**
   * Runs `action` in the next write transaction; all or nothing. `action` is synchronous and may run after
   * other writes of the same turn; when it throws, its own changes are undone and the promise rejects.
   */
  write<T>(action: (tx: WriteTransaction) => T): Promise<T>;
  /** Reads see all that was committed and, within the turn, nothing half-done. */
  read<T>(action: (tx: ReadTransaction) => T): T;
}

export interface ReadTransaction {
  readonly images: ImageReads;
  readonly containers: ContainerReads;
  readonly pods: PodReads;
  readonly namespaces: NamespaceReads;
  readonly leases: LeaseReads;
  readonly blobs: BlobReads;
  readonly snapshots: LayerReads;
}

export interface WriteTransaction extends ReadTransaction {
  readonly images: ImageReads & ImageWrites;
  readonly containers: ContainerReads & ContainerWrites;
  readonly pods: PodReads & PodWrites;
  readonly namespaces: NamespaceReads & NamespaceWrites;
  readonly leases: LeaseReads & LeaseWrites;
}

/** A name in a namespace that points at content. */
export interface ImageRecord {
  readonly namespace: string;
  /** Normalised reference, e.g. `docker.io/library/busybox:latest`. */
  readonly name: string;
  readonly target: Descriptor;
  readonly labels: Labels;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The namespace that asked for the name: this one, or one of its share group. */
  readonly origin: string;
}

export interface ImageReads {
  get(namespace: string, name: string): ImageRecord | undefined;
  list(namespace: string): ImageRecord[];
  /** Whose name is this repository's (`docker.io/library/app`), with a tag or a digest. */
  ofRepository(namespace: string, repository: string): ImageRecord[];
  /** Whose target has this digest, or one that starts with this (`sha256:0123`). */
  byTarget(namespace: string, start: string): ImageRecord[];
  /**
   * Of which a manifest names a config with this digest, or one that starts with this: found by the
   * `gc.ref.content.config` and `.m.N` labels of manifests and indexes.
   */
  byConfig(namespace: string, start: string): ImageRecord[];
}

export interface ImageWrites {
  /**
   * Creates or moves a name, in this namespace and in every namespace of its share group, in the same
   * transaction. It is this namespace's from then on (`origin`), and stays another's own where that had asked for it.
   * Answers what the name pointed at before in this namespace.
   */
  put(record: Omit<ImageRecord, 'createdAt' | 'updatedAt' | 'origin'>): ImageRecord | undefined;
  /** Local to the namespace. @throws not_found */
  delete(namespace: string, name: string): ImageRecord;
}

/** A container as the services keep it. `record` is theirs; the other fields are what the store indexes. */
export interface ContainerRow {
  readonly namespace: string;
  /** 64 hexadecimal characters. */
  readonly id: string;
  /** Unique in its namespace. */
  readonly name: string;
  /** Digest of the image target that the container needs; a garbage collection root. Empty: it is made of no image. */
  readonly imageTarget: string;
  /** Key of its active snapshot; a garbage collection root. Empty: its root is a folder. */
  readonly snapshotKey: string;
  readonly createdAt: number;
  /** JSON. */
  readonly record: unknown;
}

export interface ContainerReads {
  get(id: string): ContainerRow | undefined;
  byName(namespace: string, name: string): ContainerRow | undefined;
  /** Ids that start with this prefix, at most `limit`. */
  byPrefix(namespace: string, prefix: string, limit: number): ContainerRow[];
  /** All namespaces when none is given, newest first. */
  list(namespace?: string): ContainerRow[];
}

export interface ContainerWrites {
  /** @throws already_exists (`id_in_use`, `name_in_use`) */
  create(row: ContainerRow): void;
  /** Replaces name and record. @throws not_found, already_exists (`name_in_use`) */
  update(id: string, change: { readonly name?: string; readonly record?: unknown }): void;
  /** @throws not_found */
  delete(id: string): ContainerRow;
}

/** A pod as the services keep it; its containers are rows of their own. */
export interface PodRow {
  readonly namespace: string;
  /** 64 hexadecimal characters. */
  readonly id: string;
  readonly createdAt: number;
  /** JSON. */
  readonly record: unknown;
}

export interface PodReads {
  get(id: string): PodRow | undefined;
  /** Of all namespaces. */
  list(): PodRow[];
}

export interface PodWrites {
  /** Makes it, or replaces its record. */
  put(row: PodRow): void;
  /** Gone already is success. */
  delete(id: string): void;
}

export interface NamespaceRecord {
  readonly name: string;
  readonly labels: Labels;
  /** Images are shared between namespaces of one group; empty: shared with none. */
  readonly shareGroup: string;
}

export interface NamespaceReads {
  get(name: string): NamespaceRecord | undefined;
  list(): NamespaceRecord[];
}

export interface NamespaceWrites {
  /**
   * Into another share group: the namespace keeps its images, gets those of the group, and gives it those that the
   * group has not. Out of a group: it keeps what it has.
   */
  put(record: NamespaceRecord): void;
  /** @throws not_found (`no_such_namespace`), failed_precondition (`not_empty`) */
  delete(name: string): void;
}

/** Content as a namespace sees it, for those who look at many blobs at once. */
export interface BlobReads {
  /** Bytes; undefined for what the namespace does not see. */
  size(namespace: string, digest: string): number | undefined;
  sizes(namespace: string): ReadonlyMap<string, number>;
  /** Of all namespaces, each blob once. */
  total(): { readonly bytes: number; readonly blobs: number };
}

/** Unpacked layers, for those who look at many at once. */
export interface LayerReads {
  use(key: string): LayerUse | undefined;
  uses(): ReadonlyMap<string, LayerUse>;
  /** As they were counted when they were committed. */
  total(): { readonly bytes: number; readonly inodes: number };
}

/** A committed snapshot. */
export interface LayerUse {
  /** Empty for a base. */
  readonly parent: string;
  /** Allocated bytes. */
  readonly bytes: number;
}

/** A lease that is recorded: it outlives the daemon, and clients know it by its id. */
export interface LeaseRecord {
  readonly namespace: string;
  readonly id: string;
  readonly labels: Labels;
  readonly createdAt: number;
  readonly expiresAt?: number;
}

/** Leases whose time is over are no more, also before a collection has removed them. */
export interface LeaseReads {
  get(namespace: string, id: string): LeaseRecord | undefined;
  list(namespace: string): LeaseRecord[];
}

export interface LeaseWrites {
  /** Ends when the label `gc.expire` says so, unless `expiresAt` does. @throws already_exists (`lease_exists`) */
  create(lease: Omit<LeaseRecord, 'createdAt'>): LeaseRecord;
  /** @throws not_found (`no_such_lease`) */
  delete(namespace: string, id: string): void;
}

/** Protects what a multi-step operation writes until its records exist. */
export interface Lease extends AsyncDisposable {
  readonly id: string;
}

export interface Leases {
  /**
   * Without `ttl` the lease is this process's own: it is not recorded, costs no write, and ends with the process.
   * With `ttl` (milliseconds) it is recorded, outlives the process, and ends by itself when that time is over.
   */
  create(namespace: string, ttl?: number): Promise<Lease>;
}

export interface CollectionResult {
  readonly blobs: readonly string[];
  readonly snapshots: readonly string[];
  /** Bytes freed. */
  readonly bytes: number;
}

/** One reason why a blob is kept: from what nobody else needs to hold, down to the blob. */
export interface Holder {
  readonly kind: 'image' | 'container' | 'lease' | 'label';
  readonly namespace: string;
  /** The image's name, the container's or the lease's id; for a label what carries it. */
  readonly name: string;
  /** Digests and snapshot keys from the first thing held to the blob itself. */
  readonly path: readonly string[];
}

/** Mark and sweep over names, containers, leases and labels. Marks in one transaction; removal follows. */
export interface Collector {
  /** Images and leases whose time is over go too. Resolves when the bytes are freed. Calls that come during a collection share the next one. */
  collect(): Promise<CollectionResult>;
  /** Why a blob is kept; empty when the next collection will take it. */
  whatHolds(digest: string): readonly Holder[];
}
