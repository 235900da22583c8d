import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import type { ImageConfig } from '@berth/model/image-config';
import type { Descriptor, Manifest } from '@berth/model/manifest';
import type { Platform } from '@berth/model/platform';
import type { Credentials } from '@berth/image/registry/contract';

/**
 * Images: names that point at content, and the unpacked layers behind them. A reference to an image is a name in any
 * familiar form, a digest of its target or config, or the start of one when only one image has it.
 */
export interface ImageService {
  /** Takes every image of an archive: what fails, fails whole. @throws invalid_argument, data_loss */
  load(context: CallContext, path: string, progress: Progress): Promise<LoadedImages>;
  /** An image of one layer from the tar of a root file system. */
  import(context: CallContext, path: string, request: ImportRequest, progress: Progress): Promise<LoadedImages>;
  list(context: CallContext): Promise<readonly ImageView[]>;
  /**
   * For this machine's platform or else any that is here; with `platform` for that one alone.
   * @throws not_found, invalid_argument (`ambiguous`)
   */
  inspect(context: CallContext, ref: string, platform?: Platform): Promise<ImageDetails>;
  /** What made the image, the newest step first. @throws as inspect */
  history(context: CallContext, ref: string, platform?: Platform): Promise<readonly HistoryStep[]>;
  /** @throws not_found */
  tag(context: CallContext, source: string, target: string): Promise<void>;
  /** @throws not_found, failed_precondition (`image_in_use`, `several_names`) */
  remove(context: CallContext, ref: string, options: RemoveOptions): Promise<RemovedImage>;
  /** Removes untagged images, with `all` every one, that no container of the share group needs. */
  prune(context: CallContext, options: PruneOptions): Promise<PrunedImages>;
  /** For this machine's platform, unpacked when it is not yet. @throws not_found */
  ready(context: CallContext, ref: string): Promise<ReadyImage>;
}

/** Images on their way between the store and elsewhere. */
export interface ImageTransfers {
  /**
   * Brings an image from a registry: unpacked for the platform that was asked for (this machine's, where none was).
   * Calls for the same reference, platforms and credentials that overlap are one pull; it goes on while any of them is
   * there. What a broken pull has brought is taken up by the next, in any namespace of the share group.
   * @throws not_found, unauthenticated, permission_denied, resource_exhausted, unavailable, data_loss
   */
  pull(context: CallContext, ref: string, options: PullOptions, progress: Progress): Promise<PulledImage>;
  /** Sends an image to the registry that its name says; layers from there are mounted. @throws as pull */
  push(context: CallContext, ref: string, options: PushOptions, progress: Progress): Promise<PushedImage>;
  /**
   * An OCI layout with docker's manifest.json, as a tar: byte-exact content, index.json first.
   * @throws before the first byte: not_found, also for a platform that is not here
   */
  save(context: CallContext, refs: readonly string[], options: SaveOptions): Promise<AsyncIterable<Uint8Array>>;
}

export interface PullOptions {
  /** Absent: this machine's. Of an index only these are brought; `all` brings every one. */
  readonly platforms?: 'all' | readonly Platform[];
  /** What the caller sent along; absent: the daemon's own credential chain. */
  readonly credentials?: Credentials;
  /** Every tag of the repository. */
  readonly allTags?: boolean;
}

export interface PulledImage {
  readonly images: readonly { readonly name: string; readonly target: Digest; readonly isNew: boolean }[];
}

export interface PushOptions {
  readonly platforms?: 'all' | readonly Platform[];
  readonly credentials?: Credentials;
  readonly allTags?: boolean;
}

export interface PushedImage {
  readonly images: readonly { readonly name: string; readonly target: Digest }[];
}

export interface SaveOptions {
  readonly platforms?: readonly Platform[];
  /** Layers whose licence does not let them be handed on are left out unless asked for. */
  readonly foreignLayers?: boolean;
}

export interface HistoryStep {
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly createdBy: string;
  readonly comment: string;
  /** Bytes unpacked, 0 for a step without a layer. */
  readonly size: number;
  /** Of the newest step: the image's. */
  readonly id?: Digest;
  readonly names: readonly string[];
}

export interface PruneOptions {
  readonly all: boolean;
  /** Only images created before; milliseconds since 1970. */
  readonly until?: number;
  /** `key` or `key=value`, all of them; with `!` before it none. */
  readonly labels: readonly string[];
}

export interface PrunedImages {
  readonly untagged: readonly string[];
  readonly deleted: readonly Digest[];
  /** Bytes. */
  readonly freed: number;
}

export type Progress = (event: ProgressStep) => void;

export interface ProgressStep {
  readonly id: string;
  readonly status: string;
  /** Bytes. */
  readonly current?: number;
  readonly total?: number;
  /** With `done` of a layer that was unpacked: where its time went, milliseconds (`LayerTiming`). */
  readonly timing?: Readonly<Record<string, number>>;
}

export interface ImportRequest {
  readonly name?: string;
  readonly message?: string;
  readonly changes: readonly string[];
}

export interface LoadedImages {
  readonly images: readonly { readonly target: Digest; readonly names: readonly string[] }[];
}

/** One target with all its names in the namespace. */
export interface ImageView {
  readonly target: Descriptor;
  /** Normalised; empty when untagged. */
  readonly names: readonly string[];
  /** Milliseconds since 1970, from the image's config where it says so. */
  readonly createdAt: number;
  readonly contentSize: number;
  readonly unpackedSize: number;
  /** `os/arch[/variant]` of every platform whose content is here. */
  readonly platforms: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface ImageDetails extends ImageView {
  readonly configDigest: Digest;
  readonly config: ImageConfig;
  readonly manifest: Manifest;
}

export interface ReadyImage {
  readonly name: string;
  readonly target: Descriptor;
  readonly config: ImageConfig;
  /** What Kubernetes calls the image's id. */
  readonly configDigest: Digest;
  /** Repository and digest of the target (`docker.io/library/app@sha256:...`); the id when the image has no name. */
  readonly repoDigest: string;
  /** Chain id of the top layer: the parent of a container's snapshot. Empty for an image without layers. */
  readonly chainId: string;
}

/**
 * Images as Kubernetes counts them: an image is a config for this machine's platform, whichever names and targets lead to
 * it, and its id is the config's digest. What this machine cannot run is not seen. A reference is an id or the start of one,
 * a name in any familiar form, or a repository with a digest.
 */
export interface HostImages {
  /** Each once. */
  list(context: CallContext): Promise<readonly HostImage[]>;
  /** Undefined when it is not here. @throws invalid_argument (`ambiguous_id`) */
  find(context: CallContext, ref: string): Promise<HostImage | undefined>;
  /**
   * With all its names, in every namespace that shares it; but one whose own containers need it keeps it. Bytes that
   * nobody needs are freed before this returns. What is not here is success.
   */
  remove(context: CallContext, ref: string): Promise<void>;
  /** What images take on the disk: content and unpacked layers, of all namespaces. */
  use(): { readonly bytes: number; readonly inodes: number };
}

export interface HostImage {
  /** The config's digest. */
  readonly id: Digest;
  /** `docker.io/library/app:1` */
  readonly tags: readonly string[];
  /** `docker.io/library/app@sha256:...` */
  readonly repoDigests: readonly string[];
  /** Bytes of content and of unpacked layers. */
  readonly size: number;
  /** As the config has it: `app`, `1000`, `1000:1000`; empty for none. */
  readonly user: string;
  /** Of all its names together. */
  readonly labels: Readonly<Record<string, string>>;
  /** Chain id of the top layer; empty for an image without layers. */
  readonly chainId: string;
  /** For those who want to see all of it. */
  readonly config: () => Promise<ImageConfig>;
}

export interface RemoveOptions {
  readonly force: boolean;
  /**
   * Whose names go: those of the caller's namespace, so that no door takes away what another still shows, or those of
   * its whole share group, so that the bytes are freed. Names come into being in the whole group.
   */
  readonly scope: 'namespace' | 'share-group';
}

export interface RemovedImage {
  readonly untagged: readonly string[];
  readonly deleted: readonly Digest[];
}
