import { type Digest, isDigest } from './digest.ts';
import { BerthError } from './error.ts';

/** A value read from JSON that others wrote, and where in the document it is (`manifests[2].size`). */
export interface JsonValue {
  readonly value: unknown;
  readonly path: string;
}

/** Deeper documents are refused: no image has them, and walkers of the result may recurse. */
const maxDepth = 64;

/**
 * Parses a document as an object. `what` names it in errors.
 * @throws invalid_argument (`bad_json`) for wrong syntax or UTF-8, another type, too many bytes or levels
 */
export function readJson(bytes: Uint8Array, what: string, limit: number): JsonValue {
  if (bytes.length > limit) throw badJson(what, `has ${bytes.length} bytes, more than the limit of ${limit}`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw badJson(what, `is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  if (!isObject(value)) throw badJson(what, 'is not a JSON object');
  if (depthOf(value) > maxDepth) throw badJson(what, `is nested more than ${maxDepth} levels deep`);
  return { value, path: what };
}

function badJson(path: string, problem: string, cause?: unknown): BerthError {
  return new BerthError('invalid_argument', `${path} ${problem}`, { code: 'bad_json', cause });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Without recursion: a document of a million brackets is small. */
function depthOf(root: unknown): number {
  let level: unknown[] = [root];
  let depth = 0;
  while (level.length > 0 && depth <= maxDepth) {
    depth++;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return depth;
}

/** A member of an object; undefined when it is absent or null (Go writes null for empty lists and maps). */
export function member(object: JsonValue, key: string): JsonValue | undefined {
  if (!isObject(object.value)) throw badJson(object.path, 'is not an object');
  const value = Object.hasOwn(object.value, key) ? object.value[key] : undefined;
  if (value === undefined || value === null) return undefined;
  return { value, path: `${object.path}.${key}` };
}

/** As `member`. @throws invalid_argument when it is absent */
export function required(object: JsonValue, key: string): JsonValue {
  const found = member(object, key);
  if (found === undefined) throw badJson(`${object.path}.${key}`, 'is missing');
  return found;
}

export function asString({ value, path }: JsonValue): string {
  if (typeof value !== 'string') throw badJson(path, 'is not a string');
  return value;
}

/** A whole number from 0 to 2^53 - 1. */
export function asCount({ value, path }: JsonValue): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw badJson(path, 'is not a whole number of bytes');
  return value;
}

export function asBoolean({ value, path }: JsonValue): boolean {
  if (typeof value !== 'boolean') throw badJson(path, 'is not true or false');
  return value;
}

export function asDigest({ value, path }: JsonValue): Digest {
  if (!isDigest(value)) throw badJson(path, 'is not a digest (sha256: and 64 lower-case hexadecimal characters)');
  return value;
}

export function asList({ value, path }: JsonValue): readonly JsonValue[] {
  if (!Array.isArray(value)) throw badJson(path, 'is not a list');
  return value.map((item: unknown, at) => ({ value: item, path: `${path}[${at}]` }));
}

export function asMap({ value, path }: JsonValue): ReadonlyMap<string, JsonValue> {
  if (!isObject(value)) throw badJson(path, 'is not an object');
  return new Map(Object.entries(value).map(([key, item]) => [key, { value: item, path: `${path}.${key}` }]));
}

export function asStringMap(map: JsonValue): Readonly<Record<string, string>> {
  return Object.fromEntries([...asMap(map)].map(([key, item]) => [key, asString(item)]));
}

export function asStrings(list: JsonValue): readonly string[] {
  return asList(list).map(asString);
}

/** Checks an optional member's type; the value itself is kept as it was written. */
export function check(object: JsonValue, keys: readonly string[], as: (value: JsonValue) => unknown): void {
  for (const key of keys) {
    const found = member(object, key);
    if (found !== undefined) as(found);
  }
}
