import type { Digest } from '@berth/model/digest';
import { isKind } from '@berth/model/error';
import { parseImageConfig } from '@berth/model/image-config';
import { type Descriptor, parseIndex, parseManifest } from '@berth/model/manifest';
import { isIndexType, isManifestType } from '@berth/model/media-type';
import { isAttestation } from '@berth/model/platform';
import { chainIds } from '@berth/image/layer/chain-id';
import type { ReadDocument } from './documents.ts';

/** What a list of images needs of a manifest or an index. */
export interface TreeFacts {
  /** Everything that it names. */
  readonly blobs: readonly Digest[];
  /** Of an index: what else has to be looked at. */
  readonly children: readonly Descriptor[];
  /** Of a manifest. */
  readonly config?: Descriptor;
}

/** What a list of images needs of a config. */
export interface ConfigFacts {
  /** Milliseconds since 1970. */
  readonly createdAt: number | undefined;
  /** `os/arch[/variant]`. */
  readonly platform: string;
  /** Chain id of the top layer; empty without layers. */
  readonly chain: string;
  /** Who runs its program; empty when it says nothing. */
  readonly user: string;
}

const nothing: TreeFacts = { blobs: [], children: [] };

/** Enough for tens of thousands of images, about a kilobyte each. */
const limit = 100_000;

/**
 * Facts of documents by their digest. Content never changes, so what was read once need not be read and parsed again;
 * whether it is still here is for the caller to know.
 */
export class DocumentFacts {
  readonly #trees = new Map<string, TreeFacts>();
  readonly #configs = new Map<string, ConfigFacts | undefined>();

  /** Without a promise for what is known: a list of thousands would pay for each. @throws not_found */
  tree(read: ReadDocument, descriptor: Descriptor): TreeFacts | Promise<TreeFacts> {
    return this.#trees.get(descriptor.digest) ?? this.#readTree(read, descriptor);
  }

  /** Undefined for what is no image's config. @throws not_found */
  config(read: ReadDocument, descriptor: Descriptor): ConfigFacts | undefined | Promise<ConfigFacts | undefined> {
    const { digest } = descriptor;
    return this.#configs.has(digest) ? this.#configs.get(digest) : this.#readConfig(read, descriptor);
  }

  async #readTree(read: ReadDocument, descriptor: Descriptor): Promise<TreeFacts> {
    const facts = (await unlessInvalid(async () => await treeFacts(read, descriptor))) ?? nothing;
    return keep(this.#trees, descriptor.digest, facts);
  }

  async #readConfig(read: ReadDocument, descriptor: Descriptor): Promise<ConfigFacts | undefined> {
    const facts = await unlessInvalid(async () => configFacts(await read(descriptor)));
    return keep(this.#configs, descriptor.digest, facts);
  }
}

function keep<T>(map: Map<string, T>, digest: string, facts: T): T {
  if (map.size >= limit) map.clear();
  map.set(digest, facts);
  return facts;
}

async function treeFacts(read: ReadDocument, descriptor: Descriptor): Promise<TreeFacts> {
  if (isIndexType(descriptor.mediaType)) {
    const { manifests } = parseIndex(await read(descriptor));
    return { blobs: manifests.map(({ digest }) => digest), children: manifests };
  }
  if (!isManifestType(descriptor.mediaType)) return nothing;
  const { config, layers } = parseManifest(await read(descriptor));
  return { blobs: [config.digest, ...layers.map(({ digest }) => digest)], children: [], config };
}

/** Attestations are no images, though they look like some. */
export function imageChildren({ children }: TreeFacts): readonly Descriptor[] {
  return children.filter((child) => !isAttestation(child));
}

function configFacts(bytes: Uint8Array): ConfigFacts {
  const { created, os, architecture, variant, rootfs, config } = parseImageConfig(bytes);
  const time = Date.parse(created ?? '');
  return {
    createdAt: Number.isNaN(time) ? undefined : time,
    platform: [os, architecture, variant].filter((part) => part !== undefined).join('/'),
    chain: chainIds(rootfs.diff_ids).at(-1) ?? '',
    user: config?.User ?? '',
  };
}

async function unlessInvalid<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isKind(error, 'invalid_argument')) return undefined;
    throw error;
  }
}
