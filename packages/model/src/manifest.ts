import type { Digest } from './digest.ts';
import { BerthError } from './error.ts';
import {
  asCount,
  asDigest,
  asList,
  asString,
  asStringMap,
  check,
  type JsonValue,
  member,
  readJson,
  required,
} from './json-reader.ts';
import { asPlatform, type Platform } from './platform.ts';

/** A pointer to a blob (OCI image-spec 1.1, descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly platform?: Platform;
}

/** One image for one platform (image-spec, manifest.md; Docker's schema 2 has the same shape). */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Several manifests under one digest (image-spec, image-index.md; Docker's manifest list). */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What registries accept for a manifest or an index (distribution-spec, "Pushing manifests": 4 MiB). */
export const maxManifestSize = 4 * 1024 * 1024;

/**
 * The manifest in these bytes, which errors call `what`. The value has what the bytes have: members that Berth does not know are kept.
 * @throws invalid_argument (`bad_json`) naming the member, (`unknown_schema`) for another schemaVersion
 */
export function parseManifest(bytes: Uint8Array, what = 'manifest'): Manifest {
  const json = readJson(bytes, what, maxManifestSize);
  checkSchema(json);
  // A document may not be read as a manifest by one reader and as an index by the next (CVE-2021-41190).
  if (member(json, 'manifests') !== undefined) throw ambiguous('manifest', 'manifests');
  checkDescriptor(required(json, 'config'));
  // docker writes null for an image without layers.
  for (const layer of asList(member(json, 'layers') ?? { value: [], path: 'manifest.layers' })) checkDescriptor(layer);
  checkShared(json);
  return { ...(dropNulls(json) as Manifest), layers: (member(json, 'layers')?.value ?? []) as readonly Descriptor[] };
}

/**
 * The index (or Docker's manifest list) in these bytes.
 * @throws as `parseManifest`
 */
export function parseIndex(bytes: Uint8Array, what = 'index'): Index {
  const json = readJson(bytes, what, maxManifestSize);
  checkSchema(json);
  for (const key of ['config', 'layers']) if (member(json, key) !== undefined) throw ambiguous('index', key);
  for (const manifest of asList(member(json, 'manifests') ?? { value: [], path: 'index.manifests' }))
    checkDescriptor(manifest);
  checkShared(json);
  return {
    ...(dropNulls(json) as Index),
    manifests: (member(json, 'manifests')?.value ?? []) as readonly Descriptor[],
  };
}

/** A descriptor that stands alone. @throws invalid_argument (`bad_json`) */
export function parseDescriptor(bytes: Uint8Array): Descriptor {
  const json = readJson(bytes, 'descriptor', maxManifestSize);
  checkDescriptor(json);
  return dropNulls(json) as Descriptor;
}

function checkDescriptor(json: JsonValue): void {
  asString(required(json, 'mediaType'));
  asDigest(required(json, 'digest'));
  asCount(required(json, 'size'));
  check(json, ['artifactType'], asString);
  check(json, ['annotations'], asStringMap);
  check(json, ['urls'], (urls) => asList(urls).map(asString));
  check(json, ['platform'], asPlatform);
}

function checkShared(json: JsonValue): void {
  check(json, ['mediaType', 'artifactType'], asString);
  check(json, ['annotations'], asStringMap);
  check(json, ['subject'], checkDescriptor);
}

function checkSchema(json: JsonValue): void {
  const { value, path } = required(json, 'schemaVersion');
  if (value === 2) return;
  const hint = value === 1 ? 'push the image again with a current docker: schema 1 was retired in 2017' : undefined;
  throw new BerthError('invalid_argument', `${path} is ${JSON.stringify(value)} instead of 2`, {
    code: 'unknown_schema',
    ...(hint === undefined ? {} : { hint }),
  });
}

function ambiguous(what: string, key: string): BerthError {
  return new BerthError(
    'invalid_argument',
    `${what}.${key} may not be there: the document would be a manifest and an index at once`,
    { code: 'bad_json' },
  );
}

/** Members that are null count as absent. */
function dropNulls({ value }: JsonValue): unknown {
  return Object.fromEntries(Object.entries(value as object).filter(([, item]) => item !== null));
}
