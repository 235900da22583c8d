/** GET /system/df */
export interface DiskUse {
  /** What the daemon's root folder takes on the disk, bytes; the parts below add up to it. */
  readonly total: number;
  /** Blobs that images hold, ingests that wait to be taken up, blobs that nothing holds. */
  readonly content: { readonly bytes: number; readonly blobs: number; readonly reclaimable: number };
  readonly ingests: { readonly bytes: number; readonly count: number };
  readonly layers: { readonly bytes: number; readonly snapshots: number; readonly reclaimable: number };
  /** Containers' own writable layers and their logs. */
  readonly containers: { readonly bytes: number; readonly count: number };
  /** Database, locks, temporary files. */
  readonly other: { readonly bytes: number };
  readonly images: readonly ImageUse[];
}

export interface ImageUse {
  readonly id: string;
  readonly names: readonly string[];
  /** Bytes of content and layers that no other image has. */
  readonly unique: number;
  readonly shared: number;
  /** Of `unique` what neither a container nor a lease holds: what removing the image frees. */
  readonly reclaimable: number;
  readonly containers: number;
}

/** POST /gc; GET /gc/explain?ref=DIGEST-OR-IMAGE answers BlobHolders of each blob. */
export interface GcResult {
  readonly blobs: readonly string[];
  readonly snapshots: readonly string[];
  /** Bytes. */
  readonly freed: number;
}

export interface BlobHolders {
  readonly digest: string;
  /** Empty: the next collection takes it. */
  readonly holders: readonly {
    readonly kind: 'image' | 'container' | 'lease' | 'label';
    readonly namespace: string;
    readonly name: string;
    /** From the first thing held down to the blob. */
    readonly path: readonly string[];
  }[];
}

/** GET /namespaces; POST /namespaces/NAME {NamespaceChange} (create or change); DELETE /namespaces/NAME */
export interface NamespaceView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Namespaces of one group see each other's images; empty: shared with none. */
  readonly shareGroup: string;
}

/** What is absent stays as it is. */
export interface NamespaceChange {
  /** Replaces those given; an empty value removes a label. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Empty: shared with none. */
  readonly shareGroup?: string;
}

/** GET /leases; POST /leases {LeaseRequest}; DELETE /leases/ID?sync=1 */
export interface LeaseRequest {
  /** Absent: one is made up. */
  readonly id?: string;
  /** Milliseconds; absent: it has no end. */
  readonly ttl?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface LeaseView {
  readonly id: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: string;
  /** RFC 3339; absent: it has no end. */
  readonly expiresAt?: string;
}
