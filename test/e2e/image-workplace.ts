import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { archive, manifestOf } from '../harness/archives.ts';
import { type Ran } from '../harness/command.ts';
import { Engine } from '../harness/engine.ts';
import { type Blob, jsonBlob, type TestImage } from '../harness/images.ts';

/** The files of an archive by path: what the makers of archives give and `archive` packs. */
export type Files = ReadonlyMap<string, Buffer>;

/** An engine and a place for archives that it is to load. */
export class ImageWorkplace implements AsyncDisposable {
  readonly engine: Engine;
  #count = 0;

  private constructor(engine: Engine) {
    this.engine = engine;
  }

  static async open(): Promise<ImageWorkplace> {
    return new ImageWorkplace(await Engine.start());
  }

  /** A path beside the engine's folders; goes with the engine. */
  file(name = `file-${this.#count++}`): string {
    return path.join(this.engine.root, '..', name);
  }

  write(bytes: Uint8Array): string {
    const file = this.file();
    writeFileSync(file, bytes);
    return file;
  }

  /** Loads what has to succeed. @returns standard output */
  async load(what: Files | Uint8Array): Promise<string> {
    return await this.engine.expect(['load', '-i', this.write(bytesOf(what))]);
  }

  tryLoad(what: Files | Uint8Array): Promise<Ran> {
    return this.engine.berth(['load', '-i', this.write(bytesOf(what))]);
  }

  /** Runs a shell script in a new container. @returns its standard output */
  async shell(image: string, script: string): Promise<string> {
    return await this.engine.expect(['run', '--rm', image, 'sh', '-ec', script]);
  }

  async inspect(ref: string): Promise<ImageInspection> {
    return (JSON.parse(await this.engine.expect(['inspect', ref])) as [ImageInspection])[0];
  }

  /** Names as `images` lists them; `<none>:<none>` for an untagged one. */
  async names(): Promise<string[]> {
    const text = await this.engine.expect(['images', '--format', '{{.Repository}}:{{.Tag}}']);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .toSorted();
  }

  blobs(): string[] {
    return readdirSync(path.join(this.engine.root, 'content/blobs/sha256')).toSorted();
  }

  /** Folders of unpacked layers and of containers, but what is being deleted. */
  snapshots(): string[] {
    const names = readdirSync(path.join(this.engine.root, 'snapshots'));
    return names.filter((name) => !name.startsWith('trash-')).toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine[Symbol.asyncDispose]();
  }
}

export interface ImageInspection {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly Architecture: string;
  readonly Platforms: readonly string[];
  readonly ConfigDigest: string;
  readonly Config: Readonly<Record<string, unknown>>;
  readonly RootFS: { readonly Layers: readonly string[] };
}

/** Every path below the stores with what it is and the digest of its content; the database is seen through `images`. */
export function storeListing({ engine }: ImageWorkplace): string[] {
  return readdirSync(engine.root, { recursive: true, withFileTypes: true })
    .map((entry) => ({ entry, file: path.join(entry.parentPath, entry.name) }))
    .filter(({ file }) => !path.basename(file).startsWith('metadata.db'))
    .map(({ entry, file }) => `${file} ${entry.isFile() ? sha256(readFileSync(file)) : 'no file'}`)
    .toSorted();
}

/** An index of images as `index.json` of a layout names it, with the blobs of those that are to be there. */
export function multiPlatform(children: readonly PlatformChild[], name: string): Files {
  const described = children.map(({ image, platform }) => {
    const { bytes, digest } = manifestOf(image);
    return { mediaType: ociManifest, digest, size: bytes.length, platform };
  });
  const index = jsonBlob({ schemaVersion: 2, mediaType: ociIndex, manifests: described });
  const top = { mediaType: ociIndex, digest: index.digest, size: index.bytes.length };
  const annotations = { 'org.opencontainers.image.ref.name': name };
  const there = children.filter(({ absent }) => absent !== true).flatMap(({ image }) => blobsOf(image));
  return new Map([
    ['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')],
    ['index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ ...top, annotations }] }))],
    ...[index, ...there].map((blob): [string, Buffer] => [blobPath(blob.digest), blob.bytes]),
  ]);
}

export interface PlatformChild {
  readonly image: TestImage;
  readonly platform: { readonly os: string; readonly architecture: string };
  /** The index names it and the archive lacks it. */
  readonly absent?: boolean;
}

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndex = 'application/vnd.oci.image.index.v1+json';

/** The same image with another config than its own. */
export function withConfig(image: TestImage, change: Readonly<Record<string, unknown>>): TestImage {
  const config = JSON.parse(image.config.bytes.toString()) as Record<string, unknown>;
  return { ...image, config: jsonBlob({ ...config, ...change }) };
}

export function blobsOf(image: TestImage): Blob[] {
  return [manifestOf(image), image.config, ...image.layers];
}

export function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function bytesOf(what: Files | Uint8Array): Uint8Array {
  return what instanceof Uint8Array ? what : archive(what);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
