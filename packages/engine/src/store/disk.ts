/** What the root folder takes on the disk, bytes of allocated blocks; a file with several names counts once. */
export interface DiskSurvey {
  /**
   * Looks at every file but those of committed layers, which never change: of them it takes what was counted when they
   * were committed. Folders of other file systems mounted below the root are left out (du -x).
   * @param namespace whose images `targets` are told apart
   */
  measure(namespace: string): Promise<StoreUse>;
}

export interface StoreUse {
  /** All that follows added up. */
  readonly total: number;
  /** Each blob once, however many namespaces see it. `reclaimable`: the next collection takes it. */
  readonly content: { readonly bytes: number; readonly blobs: number; readonly reclaimable: number };
  readonly ingests: { readonly bytes: number; readonly count: number };
  /** Unpacked layers, what is being unpacked, and what is being deleted. */
  readonly layers: { readonly bytes: number; readonly snapshots: number; readonly reclaimable: number };
  /** Containers' own layers, logs and files. */
  readonly containers: { readonly bytes: number; readonly count: number };
  /** Database, locks, temporary files, and the folders that all of this is in. */
  readonly other: { readonly bytes: number };
  /** By digest, for every target that a name of the namespace points at. */
  readonly targets: ReadonlyMap<string, TargetUse>;
}

/** Content and unpacked layers behind a target. */
export interface TargetUse {
  /** What no other image of any namespace holds; the same target in a namespace of another share group is another. */
  readonly unique: number;
  readonly shared: number;
  /** Of `unique` what nothing else holds, containers and leases included: removing the image frees it. */
  readonly reclaimable: number;
}
