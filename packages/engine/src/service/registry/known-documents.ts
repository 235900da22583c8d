import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import {
  type Descriptor,
  type Index,
  type Manifest,
  maxManifestSize,
  parseIndex,
  parseManifest,
} from '@berth/model/manifest';
import { isIndexType, isManifestType, mediaTypes } from '@berth/model/media-type';
import type { ContentStore } from '#store/content';

/** What a registry has to know of a manifest or an index. */
export interface KnownDocument {
  readonly mediaType: string;
  readonly size: number;
  /** Manifests that an index names. */
  readonly manifests: readonly Descriptor[];
  /** Config and layers that a manifest names. */
  readonly blobs: readonly Descriptor[];
  readonly subject: Digest | undefined;
  /** What the referrers API calls it: its own, or the type of its config. */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** Bytes of the documents that are remembered: some thousand images'. One alone may have half of it. */
const limit = 2 * maxManifestSize;

/**
 * Documents by digest. They never change, so each is parsed once, although every blob that strangers ask for is looked
 * up in all of its repository. A document that is remembered may be gone from the store.
 */
export class KnownDocuments {
  readonly #content: ContentStore;
  readonly #known = new Map<Digest, KnownDocument>();
  /** Bytes of those. */
  #size = 0;

  constructor(content: ContentStore) {
    this.#content = content;
  }

  /** Undefined when it is not here, or neither manifest nor index. `mediaType` is used where the document has none. */
  async find(context: CallContext, digest: Digest, mediaType?: string): Promise<KnownDocument | undefined> {
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    const bytes = await this.#read(context, digest);
    const document = bytes === undefined ? undefined : describeDocument(bytes, mediaType);
    if (document !== undefined) this.#remember(digest, document);
    return document;
  }

  async #read(context: CallContext, digest: Digest): Promise<Uint8Array | undefined> {
    try {
      return await this.#content.readAll(context, digest, maxManifestSize);
    } catch (error) {
      if (isKind(error, 'not_found') || isKind(error, 'resource_exhausted')) return undefined;
      throw error;
    }
  }

  #remember(digest: Digest, document: KnownDocument): void {
    // Others may have read it meanwhile.
    if (this.#known.has(digest)) return;
    this.#known.set(digest, document);
    this.#size += document.size;
    for (const [oldest, { size }] of this.#known) {
      if (this.#size <= limit) return;
      this.#known.delete(oldest);
      this.#size -= size;
    }
  }
}

/** Undefined for bytes that are no manifest and no index. */
function describeDocument(bytes: Uint8Array, mediaType?: string): KnownDocument | undefined {
  for (const read of [readManifest, readIndex]) {
    try {
      return read(bytes, mediaType);
    } catch (error) {
      if (!isKind(error, 'invalid_argument')) throw error;
    }
  }
  return undefined;
}

function readManifest(bytes: Uint8Array, called: string | undefined): KnownDocument {
  const manifest = parseManifest(bytes);
  const type = typeOf(manifest, called);
  return {
    ...shared(manifest, bytes),
    mediaType: isManifestType(type) ? type : mediaTypes.ociManifest,
    manifests: [],
    blobs: [manifest.config, ...manifest.layers],
    artifactType: manifest.artifactType ?? manifest.config.mediaType,
  };
}

function readIndex(bytes: Uint8Array, called: string | undefined): KnownDocument {
  const index = parseIndex(bytes);
  // Any object with a schema version would pass for an index of nothing.
  if (index.mediaType === undefined && index.manifests.length === 0) throw unlikeIndex();
  const type = typeOf(index, called);
  return {
    ...shared(index, bytes),
    mediaType: isIndexType(type) ? type : mediaTypes.ociIndex,
    manifests: index.manifests,
    blobs: [],
    artifactType: index.artifactType,
  };
}

function unlikeIndex(): BerthError {
  return new BerthError('invalid_argument', 'the document has neither a type nor manifests', { code: 'bad_json' });
}

function typeOf(document: Manifest | Index, called: string | undefined): string {
  return document.mediaType ?? called ?? '';
}

function shared(document: Manifest | Index, bytes: Uint8Array) {
  return { size: bytes.length, subject: document.subject?.digest, annotations: document.annotations };
}
