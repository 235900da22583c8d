import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import path from 'node:path';
import { after, before } from 'node:test';
import { createHttpHost } from '@berth/engine/api/http/host';
import { registryDialect } from '@berth/engine/api/registry/dialect';
import { EventBus } from '@berth/engine/service/event/bus';
import { dropName, shareGroup } from '@berth/engine/service/image/name-change';
import { createRegistryService } from '@berth/engine/service/registry/registry';
import { openStores, type Stores } from '@berth/engine/store/open-stores';
import { silentLog } from '@berth/model/context';
import { ask, type Answered, type Asked } from './ask.ts';
import { digestOf } from './images.ts';

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
export const indexType = 'application/vnd.oci.image.index.v1+json';

let home: string;
export let stores: Stores;
let registry: ReturnType<typeof createRegistryService>;
let owner: Server;
let strangers: Server;

/** Real stores, and both doors of the registry over them, while the tests of a file run. */
export function useDoors(): void {
  before(async () => {
    home = mkdtempSync('/tmp/berth-door-');
    stores = await openStores({ root: path.join(home, 'root'), log: silentLog, snapshotter: 'native' });
    registry = createRegistryService({
      ...stores,
      events: new EventBus(),
      images: {
        async remove({ namespace }, ref) {
          await stores.metadata.write((tx) => {
            for (const sharer of shareGroup(tx, namespace)) dropName(tx, sharer, ref);
          });
          await stores.collector.collect();
          return { untagged: [ref], deleted: [] };
        },
      },
    });
    const dialect = (door: Parameters<typeof registryDialect>[0]['door']) =>
      registryDialect({ registry, log: silentLog, door });
    owner = createHttpHost({ dialects: [dialect({ for: 'owner' })], log: silentLog });
    strangers = createHttpHost({ dialects: [dialect({ for: 'strangers', namespace: 'default' })], log: silentLog });
    await once(owner.listen(path.join(home, 'owner')), 'listening');
    await once(strangers.listen(path.join(home, 'strangers')), 'listening');
  });
  after(async () => {
    for (const server of [owner, strangers]) await new Promise((resolve) => server.close(resolve));
    await registry[Symbol.asyncDispose]();
    await stores[Symbol.asyncDispose]();
    rmSync(home, { recursive: true });
  });
}

export const asOwner = (method: string, page: string, asked?: Asked): Promise<Answered> =>
  ask({ socketPath: path.join(home, 'owner') }, method, page, asked);
export const asStranger = (method: string, page: string, asked?: Asked): Promise<Answered> =>
  ask({ socketPath: path.join(home, 'strangers') }, method, page, asked);

export function codeOf(answer: Answered): string {
  return (answer.json() as { errors: { code: string }[] }).errors[0]?.code ?? '';
}

let blobCount = 0;
/** Bytes that nobody has stored. */
export function newBytes(size = 40): Buffer {
  return Buffer.from(`${++blobCount} `.padEnd(size, 'b'));
}

export async function push(name: string, bytes: Buffer): Promise<string> {
  const digest = digestOf(bytes);
  const { status } = await asOwner('POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: bytes });
  assert.equal(status, 201);
  return digest;
}

export async function open(name: string): Promise<string> {
  const { status, headers } = await asOwner('POST', `/v2/${name}/blobs/uploads/`);
  assert.equal(status, 202);
  return headers.location ?? '';
}

export function descriptor(bytes: Buffer, mediaType = 'application/octet-stream') {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

export interface Artifact {
  readonly bytes: Buffer;
  readonly digest: string;
  readonly config: Buffer;
  readonly layer: Buffer;
}

/** A manifest whose blobs were pushed. */
export async function artifact(name: string, extra: object = {}): Promise<Artifact> {
  const [config, layer] = [newBytes(), newBytes()];
  await push(name, config);
  await push(name, layer);
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor(config, 'application/vnd.oci.image.config.v1+json'),
    layers: [descriptor(layer, 'application/vnd.oci.image.layer.v1.tar')],
    ...extra,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  return { bytes, digest: digestOf(bytes), config, layer };
}

export function put(name: string, reference: string, body: Buffer | string, type = manifestType): Promise<Answered> {
  return asOwner('PUT', `/v2/${name}/manifests/${reference}`, { body, headers: { 'content-type': type } });
}

export async function image(name: string, tag: string): Promise<Artifact> {
  const made = await artifact(name);
  assert.equal((await put(name, tag, made.bytes)).status, 201);
  return made;
}
