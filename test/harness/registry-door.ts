import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import path from 'node:path';
import { after, before } from 'node:test';
import { createHttpHost } from '@berth/engine/api/http/host';
import { registryDialect } from '@berth/engine/api/registry/dialect';
import type { RegistryDoor } from '@berth/engine/api/registry/backend';
import { EventBus } from '@berth/engine/service/event/bus';
import { dropName, shareGroup } from '@berth/engine/service/image/name-change';
import type { ImageService } from '@berth/engine/service/image/contract';
import { createRegistryService } from '@berth/engine/service/registry/registry';
import { openStores, type Stores } from '@berth/engine/store/open-stores';
import { silentLog } from '@berth/model/context';
import { ask, type Answered, type Asked } from './ask.ts';
import { digestOf } from './images.ts';

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
export const indexType = 'application/vnd.oci.image.index.v1+json';

/** Real stores and both doors of the registry over them, in this process. */
export interface Doors {
  readonly stores: Stores;
  /** Unix sockets. */
  readonly owner: string;
  readonly strangers: string;
  close(): Promise<void>;
}

export async function openDoors(): Promise<Doors> {
  const home = mkdtempSync('/tmp/berth-door-');
  const opened = await openStores({ root: path.join(home, 'root'), log: silentLog, snapshotter: 'native' });
  const registry = createRegistryService({
    ...opened,
    events: new EventBus(),
    images: { remove: removalFrom(opened) },
  });
  const listen = async (door: RegistryDoor): Promise<Server> => {
    const dialect = registryDialect({ registry, log: silentLog, door });
    const server = createHttpHost({ dialects: [dialect], log: silentLog });
    await once(server.listen(path.join(home, door.for)), 'listening');
    return server;
  };
  const servers = [await listen({ for: 'owner' }), await listen({ for: 'strangers', namespace: 'default' })];
  return {
    stores: opened,
    owner: path.join(home, 'owner'),
    strangers: path.join(home, 'strangers'),
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      await registry[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
      rmSync(home, { recursive: true });
    },
  };
}

/** What the image service does besides, docker's rules, has tests of its own. */
function removalFrom({ metadata, collector }: Stores): ImageService['remove'] {
  return async ({ namespace }, ref) => {
    await metadata.write((tx) => {
      for (const sharer of shareGroup(tx, namespace)) dropName(tx, sharer, ref);
    });
    await collector.collect();
    return { untagged: [ref], deleted: [] };
  };
}

export let stores: Stores;
let doors: Doors;

/** The doors that the functions below go through, while the tests of a file run. */
export function useDoors(): void {
  before(async () => {
    doors = await openDoors();
    stores = doors.stores;
  });
  after(async () => await doors.close());
}

export const asOwner = (method: string, page: string, asked?: Asked): Promise<Answered> =>
  ask({ socketPath: doors.owner }, method, page, asked);
export const asStranger = (method: string, page: string, asked?: Asked): Promise<Answered> =>
  ask({ socketPath: doors.strangers }, method, page, asked);

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
