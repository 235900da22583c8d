import type { Events } from '#service/event/contract';
import type { ImageService } from '#service/image/contract';
import type { ContentStore } from '#store/content';
import type { Leases, MetadataStore } from '#store/metadata';
import type { KnownDocuments } from './known-documents.ts';
import type { PushedContent } from './pushed-content.ts';
import type { WaitingReferrers } from './waiting-referrers.ts';

/** What the registry is made on. */
export interface RegistryBackend {
  readonly content: ContentStore;
  readonly metadata: MetadataStore;
  readonly leases: Leases;
  readonly events: Events;
  readonly images: Pick<ImageService, 'remove'>;
}

/** The backend with the registry's own memory. */
export interface RegistryParts extends RegistryBackend {
  readonly documents: KnownDocuments;
  readonly pushed: PushedContent;
  readonly waiting: WaitingReferrers;
}
