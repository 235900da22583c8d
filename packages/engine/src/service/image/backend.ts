import type { ContentStore } from '#store/content';
import type { Collector, Leases, MetadataStore } from '#store/metadata';
import type { SnapshotStore } from '#store/snapshot';
import type { Digest } from '@berth/model/digest';
import type { Events } from '#service/event/contract';
import type { BlobTurns } from './blob-turns.ts';
import type { DocumentFacts } from './document-facts.ts';
import type { Slots } from './slots.ts';

/** What the image service is made on. */
export interface ImageBackend {
  readonly content: ContentStore;
  /** Where a blob's file is: layer workers read it themselves. */
  readonly blobPath: (digest: Digest) => string;
  readonly snapshots: SnapshotStore;
  readonly metadata: MetadataStore;
  readonly leases: Leases;
  readonly collector: Collector;
  readonly events: Events;
  readonly turns: BlobTurns;
  /** For blobs that come over a network. */
  readonly downloads: Slots;
  readonly facts: DocumentFacts;
  /** For temporary files; emptied when the daemon starts. */
  readonly scratch: string;
  /** The folder of everything, as messages about its disk name it. */
  readonly root: string;
}
