import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import type { ByteRange } from '#store/content';

/**
 * The store as a registry. A *repository* is what the names of images have before their tag or digest
 * (`docker.io/library/app`); what a registry has besides (blobs of no image, uploads under way) belongs to the
 * namespace.
 */
export interface RegistryService {
  readonly uploads: Uploads;
  /** Those that have an image, in order. */
  repositories(context: CallContext): readonly string[];
  /** In order. @throws not_found (`no_such_repository`) */
  tags(call: RepositoryCall): readonly string[];
  /** @throws not_found (`no_such_manifest`) */
  manifest(call: RepositoryCall, reference: ManifestReference): Promise<StoredManifest>;
  /** @throws not_found (`no_such_blob`) */
  blob(call: RepositoryCall, digest: Digest): Promise<StoredBlob>;
  /** Manifests and indexes whose subject this is, whether the subject is here or not. */
  referrers(call: RepositoryCall, subject: Digest): Promise<readonly Descriptor[]>;
  /**
   * Keeps a manifest or an index, and with a tag names an image. What a manifest needs must be here; of an index's
   * children at least one must be, if it has any. A manifest without a name goes after a day, unless what refers to it
   * was put until then, or its subject is here.
   * @throws invalid_argument (`bad_manifest`, `digest_mismatch`), not_found (`missing_content`)
   */
  putManifest(call: RepositoryCall, reference: ManifestReference, document: NewDocument): Promise<PutManifest>;
  /** Takes a tag, or every name that the repository has for a digest. Bytes that nothing else needs are freed. */
  removeManifest(call: RepositoryCall, reference: ManifestReference): Promise<void>;
}

export interface RepositoryCall {
  readonly context: CallContext;
  readonly repository: string;
  /**
   * What a digest may name: what the repository's images need, as strangers may read it, or all that the namespace
   * has, as its owner may, who also sees what was pushed and has no name yet.
   */
  readonly reach: 'repository' | 'namespace';
}

export type ManifestReference = { readonly tag: string } | { readonly digest: Digest };

export interface StoredManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export interface StoredBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  read(range?: ByteRange): AsyncIterable<Uint8Array>;
}

export interface NewDocument {
  /** As the client calls it; the document's own `mediaType` must agree, where it has one. */
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

export interface PutManifest {
  readonly digest: Digest;
  readonly subject?: Digest;
}

/**
 * Uploads: bytes on their way to become a blob. One that broke goes on where it was, also after a restart of the
 * daemon; one that nobody writes to for a day is given up. The blob is kept for a day, until a manifest needs it.
 */
export interface Uploads {
  /**
   * Opens an upload. With `digest` it is the upload of this blob that any door of the share group left unfinished, when
   * there is one that nobody writes to: then it has an offset.
   */
  start(call: RepositoryCall, digest?: Digest): Promise<Upload>;
  /** @throws not_found (`no_such_upload`), as all that follows */
  find(call: RepositoryCall, id: string): Promise<Upload>;
  /**
   * Appends. What came before the body broke off stays, unless `exact` says how much it has to be.
   * @throws out_of_range (`wrong_offset`) when the upload is not at `part.offset`, unavailable (`upload_busy`),
   * invalid_argument (`size_mismatch`) for another length than `part.length`: then nothing was appended
   */
  append(call: RepositoryCall, id: string, part: UploadPart): Promise<Upload>;
  /** Ends an upload. @throws data_loss (`digest_mismatch`): the upload is gone then */
  finish(call: RepositoryCall, id: string, digest: Digest): Promise<void>;
  cancel(call: RepositoryCall, id: string): Promise<void>;
  /** True when the blob is here, in whatever namespace: then it is in this one too, for a day. */
  mount(call: RepositoryCall, digest: Digest): Promise<boolean>;
}

export interface Upload {
  readonly id: string;
  /** Bytes that are here. */
  readonly offset: number;
}

export interface UploadPart {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly offset?: number;
  readonly length?: number;
}
