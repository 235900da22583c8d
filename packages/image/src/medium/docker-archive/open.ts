import { type Digest, digestHex } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import { type Manifest, parseManifest } from '@berth/model/manifest';
import { isManifestType } from '@berth/model/media-type';
import { parseReference } from '@berth/model/reference';
import { openArchiveSource } from '../../archive/archive-source.ts';
import { dockerManifestFile } from '../../archive/docker-manifest.ts';
import type { OpenOptions } from '../../archive/open.ts';
import { TarFile } from '../../archive/tar-file.ts';
import { repoTags } from '../../archive/write-archive.ts';
import type { ImageSource, ImageTarget, TargetAbilities } from '../medium.ts';
import type { ArchiveLocation } from '../oci-archive/open.ts';

/** What `docker save` wrote, before 25 or since, also compressed as a whole. @throws as `openArchiveSource` */
export async function openDockerArchiveSource(location: ArchiveLocation, options: OpenOptions): Promise<ImageSource> {
  return await openArchiveSource({ ...options, ...location, title: titleOf(location) });
}

/**
 * A new archive for `docker load`, of any docker since 1.10. A file of that name is replaced when all of it is written.
 * @throws invalid_argument (`bad_reference`)
 */
export async function openDockerArchiveTarget(location: ArchiveLocation): Promise<ImageTarget> {
  const name = location.reference === undefined ? undefined : parseReference(location.reference).name;
  return new DockerArchiveTarget(titleOf(location), name, await TarFile.create(location.path));
}

function titleOf({ path, reference }: ArchiveLocation): string {
  return `docker-archive:${path}${reference === undefined ? '' : `:${reference}`}`;
}

/** docker finds out how a layer is compressed, but before 23 it does not know zstd. */
const abilities: TargetAbilities = {
  index: false,
  sparseIndex: false,
  manifestBytes: false,
  artifacts: false,
  compressions: ['none', 'gzip'],
};

interface Listed {
  readonly manifest: Manifest;
  readonly names: readonly string[];
}

class DockerArchiveTarget implements ImageTarget {
  readonly title: string;
  readonly abilities = abilities;
  readonly keepsNames: boolean;
  readonly #name: string | undefined;
  readonly #tar: TarFile;
  readonly #manifests = new Map<Digest, Manifest>();
  /** By config: that is an image's identity here. */
  readonly #listed = new Map<Digest, Listed>();

  constructor(title: string, name: string | undefined, tar: TarFile) {
    this.title = title;
    this.keepsNames = name === undefined;
    this.#name = name;
    this.#tar = tar;
  }

  has: ImageTarget['has'] = async ({ digest }) => this.#tar.has(layerFile(digest)) || this.#tar.has(configFile(digest));

  putBlob: ImageTarget['putBlob'] = async (descriptor, source, hints) => {
    await this.#tar.put(layerFile(descriptor.digest), descriptor, source, hints);
  };

  putDocument: ImageTarget['putDocument'] = async (descriptor, bytes, signal) => {
    if (isManifestType(descriptor.mediaType)) this.#manifests.set(descriptor.digest, parseManifest(bytes));
    else await this.#tar.putDocument(configFile(descriptor.digest), descriptor, bytes, signal);
  };

  publish: ImageTarget['publish'] = async ({ target, names }) => {
    const manifest = this.#manifests.get(target.digest);
    if (manifest === undefined) throw new BerthError('internal', `the manifest ${target.digest} was not put`);
    for (const { digest } of manifest.layers) {
      if (!this.#tar.has(layerFile(digest))) throw layerMissing(digest);
    }
    const { config } = manifest;
    const all = [...(this.#name === undefined ? [] : [this.#name]), ...names];
    const before = this.#listed.get(config.digest)?.names ?? [];
    this.#listed.set(config.digest, { manifest, names: [...new Set([...before, ...all])] });
  };

  finish: NonNullable<ImageTarget['finish']> = async () => {
    const list = [...this.#listed.values()].map(({ manifest: { config, layers }, names }) => ({
      Config: configFile(config.digest),
      RepoTags: repoTags(names),
      Layers: layers.map(({ digest }) => layerFile(digest)),
    }));
    await this.#tar.append(dockerManifestFile, Buffer.from(JSON.stringify(list)));
    await this.#tar.finish();
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tar[Symbol.asyncDispose]();
  }
}

function layerFile(digest: Digest): string {
  return `${digestHex(digest)}.tar`;
}

function configFile(digest: Digest): string {
  return `${digestHex(digest)}.json`;
}

function layerMissing(digest: Digest): BerthError {
  return new BerthError(
    'failed_precondition',
    `layer ${digest} is not at the source, and docker loads no image without`,
    {
      code: 'missing_blob',
      hint: 'layers of this kind are got from elsewhere: copy into oci: or oci-archive:, which keep where from',
    },
  );
}
