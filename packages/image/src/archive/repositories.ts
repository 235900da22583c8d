import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Digest, sha256 } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import { asMap, asString, asStrings, type JsonValue, member, readJson } from '@berth/model/json-reader';
import { maxManifestSize } from '@berth/model/manifest';
import { parseReference } from '@berth/model/reference';
import type { FileSource } from './archive.ts';
import { type Members, readMember } from './member.ts';
import { compressionOf } from './outer.ts';

export const repositoriesFile = 'repositories';

/** An image of a docker before 1.10: every layer has a description, the topmost is the image's. */
export interface OldImage {
  /** Normalised. */
  readonly names: readonly string[];
  /** Made of the descriptions, as docker made it when it read such an archive. */
  readonly config: Uint8Array;
  /** Member paths, bottom first. */
  readonly layers: readonly string[];
}

/** More than any such docker could mount. */
const maxLayers = 127;

/**
 * The images of `repositories` (moby image spec v1.0): `{ NAME: { TAG: ID } }`, and `ID/json`, `ID/layer.tar` for each
 * layer. Each layer is read once, to have its diff id.
 * @throws data_loss (`missing_blob`), invalid_argument (`bad_json`, `bad_reference`)
 */
export async function readRepositories(members: Members, signal?: AbortSignal): Promise<readonly OldImage[]> {
  const tags = new Map<string, string[]>();
  for (const [repository, versions] of asMap(await readDocument(members, repositoriesFile))) {
    for (const [tag, id] of asMap(versions)) {
      const top = asString(id);
      const names = tags.get(top) ?? [];
      names.push(parseReference(`${repository}:${tag}`).name);
      tags.set(top, names);
    }
  }
  const measured = new Map<string, Digest>();
  const images: OldImage[] = [];
  for (const [top, names] of tags) {
    const layers = await layersOf(members, top);
    for (const { path } of layers)
      measured.set(path, measured.get(path) ?? (await diffIdOf(find(members, path), signal)));
    const diffIds = layers.map(({ path }) => measured.get(path)!);
    images.push({ names, config: configOf(layers, diffIds), layers: layers.map(({ path }) => path) });
  }
  return images;
}

interface OldLayer {
  readonly path: string;
  readonly description: JsonValue;
}

/** From the top down to the layer without a parent; given back bottom first. */
async function layersOf(members: Members, top: string): Promise<readonly OldLayer[]> {
  const layers: OldLayer[] = [];
  for (let id: string | undefined = top; id !== undefined;) {
    if (layers.length === maxLayers)
      throw new BerthError('invalid_argument', `image ${top} has more than ${maxLayers} layers`, { code: 'bad_json' });
    const description: JsonValue = await readDocument(members, `${id}/json`);
    layers.unshift({ path: `${id}/layer.tar`, description });
    const parent: JsonValue | undefined = member(description, 'parent');
    id = parent === undefined || parent.value === '' ? undefined : asString(parent);
  }
  return layers;
}

/** What is said of the layer itself, and not of the image. */
const ofLayer = new Set(['id', 'parent', 'Size', 'parent_id', 'layer_id', 'throwaway']);

function configOf(layers: readonly OldLayer[], diffIds: readonly Digest[]): Uint8Array {
  const top = layers.at(-1)!.description.value as Readonly<Record<string, unknown>>;
  const kept = Object.entries(top).filter(([key]) => !ofLayer.has(key));
  const usual = { architecture: 'amd64', os: 'linux' };
  const rootfs = { type: 'layers', diff_ids: diffIds };
  const history = layers.map(({ description }) => historyOf(description));
  return Buffer.from(JSON.stringify({ ...usual, ...Object.fromEntries(kept), rootfs, history }));
}

function historyOf(description: JsonValue): Readonly<Record<string, string>> {
  const said = ['created', 'author', 'comment'].flatMap((key) => {
    const found = member(description, key);
    return found === undefined ? [] : [[key, asString(found)] as const];
  });
  const container = member(description, 'container_config');
  const command = container === undefined ? undefined : member(container, 'Cmd');
  return {
    ...Object.fromEntries(said),
    ...(command === undefined ? {} : { created_by: asStrings(command).join(' ') }),
  };
}

async function diffIdOf({ path, offset, size }: FileSource, signal: AbortSignal | undefined): Promise<Digest> {
  if (size === 0) return sha256('');
  const hash = createHash('sha256');
  await pipeline(
    createReadStream(path, { start: offset, end: offset + size - 1, highWaterMark: 512 * 1024 }),
    (await compressionOf(path, offset)) === 'gzip' ? createGunzip({ chunkSize: 512 * 1024 }) : new PassThrough(),
    async (pieces: AsyncIterable<Uint8Array>) => {
      for await (const piece of pieces) hash.update(piece);
    },
    signal === undefined ? {} : { signal },
  );
  return `sha256:${hash.digest('hex')}`;
}

async function readDocument(members: Members, path: string): Promise<JsonValue> {
  const bytes = await readMember(find(members, path), path, maxManifestSize);
  return readJson(bytes, path, maxManifestSize);
}

function find(members: Members, path: string): FileSource {
  const found = members.get(path);
  if (found !== undefined) return found;
  throw new BerthError('data_loss', `the archive lacks ${path}, which ${repositoriesFile} leads to`, {
    code: 'missing_blob',
    hint: 'the archive is incomplete: save the image again',
  });
}
