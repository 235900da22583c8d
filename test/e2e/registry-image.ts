import { createHash } from 'node:crypto';
import { manifestOf } from '../harness/archives.ts';
import { type Blob, jsonBlob, type TestImage } from '../harness/images.ts';
import type { Registry } from '../harness/registry.ts';
import { ociIndex, ociManifest, type PlatformChild } from './image-workplace.ts';

/** Puts an image into a registry, by the test's own few requests. @returns the manifest's digest */
export async function seed(registry: Registry, name: string, image: TestImage): Promise<string> {
  const [repository = '', tag = 'latest'] = name.split(':');
  for (const blob of [image.config, ...image.layers]) await putBlob(registry, repository, blob);
  return await putManifest(registry, { repository, tag, manifest: manifestOf(image), mediaType: ociManifest });
}

/** An index of images, each with its platform. @returns the index's digest */
export async function seedIndex(registry: Registry, name: string, children: readonly PlatformChild[]): Promise<string> {
  const [repository = '', tag = 'latest'] = name.split(':');
  const manifests = [];
  for (const { image, platform } of children) {
    for (const blob of [image.config, ...image.layers]) await putBlob(registry, repository, blob);
    const manifest = manifestOf(image);
    const { digest, bytes } = manifest;
    await putManifest(registry, { repository, tag: digest, manifest, mediaType: ociManifest });
    manifests.push({ mediaType: ociManifest, digest, size: bytes.length, platform });
  }
  const index = jsonBlob({ schemaVersion: 2, mediaType: ociIndex, manifests });
  return await putManifest(registry, { repository, tag, manifest: index, mediaType: ociIndex });
}

interface PutManifest {
  readonly repository: string;
  readonly tag: string;
  readonly manifest: Blob;
  readonly mediaType: string;
}

async function putManifest(registry: Registry, { repository, tag, manifest, mediaType }: PutManifest): Promise<string> {
  const headers = { 'content-type': mediaType };
  const body = new Uint8Array(manifest.bytes);
  const put = await fetch(`${registry.url}/v2/${repository}/manifests/${tag}`, { method: 'PUT', headers, body });
  if (put.status !== 201) throw new Error(`manifest: ${put.status} ${await put.text()}`);
  return manifest.digest;
}

async function putBlob(registry: Registry, repository: string, { bytes, digest }: Blob): Promise<void> {
  const start = await fetch(`${registry.url}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const place = new URL(start.headers.get('location') ?? '', registry.url);
  place.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  const put = await fetch(place, { method: 'PUT', headers, body: new Uint8Array(bytes) });
  if (put.status !== 201) throw new Error(`blob: ${put.status} ${await put.text()}`);
}

/** What the registry has under a tag or digest: the document's bytes and what they are. */
export async function fetchManifest(registry: Registry, repository: string, tag: string): Promise<FetchedManifest> {
  const headers = { accept: `${ociIndex}, ${ociManifest}` };
  const response = await fetch(`${registry.url}/v2/${repository}/manifests/${tag}`, { headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { status: response.status, mediaType: response.headers.get('content-type') ?? '', digest, bytes };
}

export interface FetchedManifest {
  readonly status: number;
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}
