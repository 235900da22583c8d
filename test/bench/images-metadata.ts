import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { backgroundContext, silentLog } from '@berth/model/context';
import { type Digest, digestHex, sha256 } from '@berth/model/digest';
import type { ImageBackend } from '@berth/engine/service/image/backend';
import { BlobTurns } from '@berth/engine/service/image/blob-turns';
import { DocumentFacts } from '@berth/engine/service/image/document-facts';
import { findImage } from '@berth/engine/service/image/find';
import { createImageService } from '@berth/engine/service/image/images';
import { childLabels, snapshotLabel } from '@berth/engine/service/image/labels';
import { Slots } from '@berth/engine/service/image/slots';
import { EventBus } from '@berth/engine/service/event/bus';
import { openStores, type Stores } from '@berth/engine/store/open-stores';
import { compare, type Findings } from './report.ts';

/** Each has a layer of its own on one of these many stacks of shared ones. */
const images = 10_000;
const stacks = 200;
const stackHeight = 4;

const context = backgroundContext(silentLog, 'default');
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';

interface Sample {
  readonly name: string;
  readonly target: Digest;
  readonly config: Digest;
}

/** Listing, finding and collecting with many images: what the records cost, without the bytes of layers. */
export async function measureImagesMetadata(): Promise<Findings> {
  const root = mkdtempSync('/tmp/bench-metadata-');
  try {
    const samples = await fillRoot(root);
    const open: number[] = [];
    let stores = await timedInto(open, () => openRoot(root));
    for (let n = 0; n < 2; n++) {
      await stores[Symbol.asyncDispose]();
      stores = await timedInto(open, () => openRoot(root));
    }
    const rows = await measureService(stores, samples);
    await stores[Symbol.asyncDispose]();
    const opening = compare('open, with a collection', new Map([['berth', open]]), { unit: 'ms' });
    return { rows: [...rows, ...opening], notes: [`${images} images, on ${stacks} stacks of ${stackHeight} layers`] };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function measureService(stores: Stores, samples: readonly Sample[]) {
  const backend = backendOf(stores);
  const service = createImageService(backend);
  const first = await timed(1, () => service.list(context));
  const rows = [
    { measure: 'list, the first', times: first, aim: undefined },
    { measure: 'list', times: await timed(5, () => service.list(context)), aim: 300 },
    { measure: 'find by name', times: await finding(backend, samples, ({ name }) => name), aim: 1 },
    { measure: 'find by id', times: await finding(backend, samples, ({ target }) => shortId(target)), aim: 5 },
    { measure: 'find by config', times: await finding(backend, samples, ({ config }) => shortId(config)), aim: 5 },
    { measure: 'collect', times: await timed(5, () => stores.collector.collect()), aim: 300 },
    { measure: 'explain', times: await explaining(stores, samples), aim: undefined },
    { measure: 'disk use', times: await timed(3, () => stores.disk.measure('default')), aim: undefined },
  ];
  return rows.flatMap(({ measure, times, aim }) =>
    compare(measure, new Map([['berth', times]]), { unit: 'ms', ...(aim === undefined ? {} : { aim }) }),
  );
}

async function finding(
  backend: ImageBackend,
  samples: readonly Sample[],
  ref: (sample: Sample) => string,
): Promise<number[]> {
  const times: number[] = [];
  for (const sample of samples.slice(0, 50)) await timedInto(times, () => findImage(backend, context, ref(sample)));
  return times;
}

async function explaining({ collector }: Stores, samples: readonly Sample[]): Promise<number[]> {
  const times: number[] = [];
  for (const { config } of samples.slice(0, 3)) await timedInto(times, async () => collector.whatHolds(config));
  return times;
}

function shortId(digest: Digest): string {
  return digestHex(digest).slice(0, 12);
}

async function timed(count: number, action: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < count; n++) await timedInto(times, action);
  return times;
}

async function timedInto<T>(times: number[], action: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await action();
  times.push(performance.now() - began);
  return result;
}

function openRoot(root: string): Promise<Stores> {
  return openStores({ root, log: silentLog, snapshotter: 'overlayfs' });
}

function backendOf({ content, local, snapshots, metadata, leases, collector }: Stores): ImageBackend {
  return {
    content,
    blobPath: (digest) => local.blobPath(digest),
    snapshots,
    metadata,
    leases,
    collector,
    events: new EventBus(),
    turns: new BlobTurns(),
    facts: new DocumentFacts(),
    downloads: new Slots(1),
    scratch: '/nonexistent',
    root: '/nonexistent',
  };
}

/** Documents are real files and everything is recorded; of layers there are records only. */
async function fillRoot(root: string): Promise<Sample[]> {
  await using stores = await openRoot(root);
  mkdirSync(path.join(root, 'snapshots'), { recursive: true });
  const bases = Array.from({ length: stacks }, () => Array.from({ length: stackHeight }, () => fakeLayer()));
  const samples = await stores.metadata.write((tx) => {
    const place: Place = {
      tx,
      scope: tx.namespaces.scope(context.namespace),
      blobPath: stores.local.blobPath.bind(stores.local),
      ids: { last: 0 },
    };
    for (const base of bases) for (const [n, layer] of base.entries()) record(place, base.slice(0, n + 1), layer);
    return Array.from({ length: images }, (_, n) => addImage(place, n, bases[n % stacks]!));
  });
  // Spread over all of them.
  return samples.filter((_, n) => n % (images / 50) === 0);
}

interface Place {
  readonly tx: Parameters<Parameters<Stores['metadata']['write']>[0]>[0];
  readonly scope: string;
  readonly blobPath: (digest: Digest) => string;
  readonly ids: { last: number };
}

interface FakeLayer {
  readonly digest: Digest;
  readonly size: number;
}

function fakeLayer(): FakeLayer {
  return { digest: sha256(randomBytes(16)), size: 1_000_000 };
}

/** The chain id of a stack; each layer's digest is its own diff id. */
function chainOf(layers: readonly FakeLayer[]): string {
  return layers.slice(1).reduce((chain, { digest }) => sha256(`${chain} ${digest}`), layers[0]!.digest as string);
}

function record({ tx, scope, ids }: Place, layers: readonly FakeLayer[], layer: FakeLayer): void {
  tx.blobs.put(scope, { ...layer, labels: { 'containerd.io/uncompressed': layer.digest } });
  const key = chainOf(layers);
  const parent = layers.length === 1 ? '' : chainOf(layers.slice(0, -1));
  const id = ++ids.last;
  const summary = { inodes: 100, diskBytes: 3_000_000, fileBytes: 2_900_000, emptyFiles: 1 };
  tx.snapshots.create({
    key: `unpack-${id}`,
    id,
    driver: 'overlayfs',
    namespace: context.namespace,
    kind: 'active',
    parent,
    labels: {},
  });
  tx.snapshots.commit(`unpack-${id}`, key, { labels: {}, summary });
}

function addImage(place: Place, n: number, base: readonly FakeLayer[]): Sample {
  const own = fakeLayer();
  const layers = [...base, own];
  record(place, layers, own);
  const config = addDocument(place, configDocument(layers), snapshotLabel('overlayfs', chainOf(layers)));
  const manifest = {
    schemaVersion: 2 as const,
    mediaType: manifestType,
    config: { mediaType: configType, ...config },
    layers: layers.map((layer) => ({ mediaType: layerType, ...layer })),
  };
  const target = { mediaType: manifestType, ...addDocument(place, manifest, childLabels(manifestType, manifest)) };
  const name = `docker.io/library/image-${n}:latest`;
  place.tx.images.put({ namespace: context.namespace, name, target, labels: {} });
  return { name: `image-${n}`, target: target.digest, config: config.digest };
}

function configDocument(layers: readonly FakeLayer[]): unknown {
  return {
    created: new Date(1_700_000_000_000 + Math.random() * 1e10).toISOString(),
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/usr/bin:/bin'], Cmd: ['sh'], Labels: { maintainer: 'somebody' } },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: layers.map((_, step) => ({
      created: '2026-01-02T03:04:05Z',
      created_by: `RUN step ${step} && something`.repeat(4),
    })),
  };
}

function addDocument(
  { tx, scope, blobPath }: Place,
  value: unknown,
  labels: Readonly<Record<string, string>>,
): FakeLayer {
  const bytes = Buffer.from(JSON.stringify(value));
  const digest = sha256(bytes);
  writeFileSync(blobPath(digest), bytes);
  tx.blobs.put(scope, { digest, size: bytes.length, labels });
  return { digest, size: bytes.length };
}
