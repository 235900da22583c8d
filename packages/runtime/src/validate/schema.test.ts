import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { member } from './finding.ts';
import { Report } from './shape/guard.ts';
import { specShape } from './shape/spec.ts';

const folder = join(import.meta.dirname, '../../../../../shared/wire/oci/runtime-spec-1.3.0');

/** As much of JSON Schema, draft 4, as the runtime spec's own schema uses. */
interface Schema {
  readonly $ref?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
}

const files = new Map<string, unknown>();

function load(file: string): unknown {
  if (!files.has(file)) files.set(file, JSON.parse(readFileSync(join(folder, file), 'utf8')));
  return files.get(file);
}

/** A schema with its references and alternatives put in, and the file that its own references are in. */
function resolve(schema: Schema, file: string): [Schema, string] {
  if (schema.$ref !== undefined) {
    const [other, path = ''] = schema.$ref.split('#');
    const from = other || file;
    const found = path
      .split('/')
      .filter((part) => part !== '')
      .reduce((at, part) => (at as Record<string, unknown>)[part], load(from));
    return resolve(found as Schema, from);
  }
  const [only] = schema.anyOf ?? [];
  if (only !== undefined) return resolve(only, file);
  if (schema.allOf === undefined) return [schema, file];
  const parts = schema.allOf.map((part) => resolve(part, file)[0]);
  const properties = Object.assign({}, ...parts.map((part) => part.properties)) as Record<string, Schema>;
  // All of these refer to files by name, so that it does not matter which one they are in.
  return [{ type: 'object', properties, required: parts.flatMap((part) => part.required ?? []) }, 'defs-linux.json'];
}

/** The smallest value of a schema. */
function least(schema: Schema, file: string): unknown {
  const [plain, from] = resolve(schema, file);
  switch (plain.type) {
    case 'object':
      return Object.fromEntries((plain.required ?? []).map((key) => [key, least(plain.properties![key]!, from)]));
    case 'array':
      return plain.minItems ? [least(plain.items!, from)] : [];
    case 'string':
      return plain.enum?.[0] ?? 'c';
    case 'integer':
      return Math.max(plain.minimum ?? 0, 0);
    default:
      return true;
  }
}

interface Place {
  readonly path: string;
  readonly schema: Schema;
  /** The file that the schema's own references are in. */
  readonly file: string;
  readonly put: (value: unknown) => unknown;
}

/** Sections of other systems, and members that only those have. */
const foreign = ['solaris', 'windows', 'vm', 'zos', 'freebsd', 'commandLine', 'username'];

/** Every place of the schema, with a way to make a spec that has a value there and is good elsewhere. */
function* placesOf(schema: Schema, file: string, here: Pick<Place, 'path' | 'put'>): Generator<Place> {
  const [plain, from] = resolve(schema, file);
  yield { ...here, schema: plain, file: from };
  const inner: [string | number, Schema][] = [
    ...Object.entries(plain.properties ?? {}),
    ...[plain.additionalProperties, ...Object.values(plain.patternProperties ?? {})].flatMap(
      (each): [string, Schema][] => (each === undefined ? [] : [['some.key', each]]),
    ),
    ...(plain.items === undefined ? [] : [[0, plain.items] as [number, Schema]]),
  ];
  for (const [key, each] of inner) {
    if (foreign.includes(String(key))) continue;
    const around = (value: unknown) =>
      typeof key === 'number' ? [value] : { ...(least(plain, from) as object), [key]: value };
    yield* placesOf(each, from, { path: member(here.path, key), put: (value) => here.put(around(value)) });
  }
}

function findingsAt(place: Place, value: unknown): readonly string[] {
  const report = new Report();
  specShape(place.put(value), report);
  return report.findings.filter(({ path }) => path === place.path).map(({ code }) => code);
}

/** 64-bit bounds lose their last digits in a double: a value further out is meant. */
const beyond = (bound: number, step: number) => (Number.isSafeInteger(bound) ? bound + step : bound * 2);

/** The schema has 511, but tools put the type's bits in as well: that is a warning. */
const wider = ['linux.devices[0].fileMode'];

describe('the shape of a spec is that of the schema', () => {
  if (!existsSync(folder)) {
    test('every place', (t) => t.skip(`no schemas in ${folder}`));
    return;
  }
  const root = load('config-schema.json') as Schema;
  const base = { process: { args: ['sh'], cwd: '/' }, root: { path: 'r' }, ociVersion: '1.3.0' };
  const places = [
    ...placesOf(root, 'config-schema.json', {
      path: '',
      put: (value) =>
        typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...base, ...value } : value,
    }),
  ];

  test('the walk saw all of it', () => {
    assert.ok(places.length > 230, `${places.length} places`);
    assert.ok(places.some(({ path }) => path === 'linux.resources.blockIO.weightDevice[0].leafWeight'));
    assert.ok(places.some(({ path }) => path === 'linux.seccomp.syscalls[0].args[0].valueTwo'));
  });

  test('a value of another type is refused in every place', () => {
    for (const place of places) {
      const other = place.schema.type === 'string' ? 5 : 'five';
      assert.deepEqual(findingsAt(place, other), ['spec.type'], place.path);
    }
  });

  test('the smallest value is taken in every place', () => {
    for (const place of places) {
      if (place.path === 'process.args') continue;
      assert.deepEqual(findingsAt(place, least(place.schema, place.file)), [], place.path);
    }
  });

  test('numbers end where those of the schema end, or before', () => {
    const numbers = places.filter(({ schema, path }) => schema.type === 'integer' && !wider.includes(path));
    assert.ok(numbers.length > 50);
    for (const place of numbers) {
      const { minimum, maximum } = place.schema;
      if (minimum !== undefined)
        assert.deepEqual(findingsAt(place, beyond(minimum, -1) || -1), ['spec.range'], place.path);
      if (maximum !== undefined) assert.deepEqual(findingsAt(place, beyond(maximum, 1)), ['spec.range'], place.path);
    }
  });

  test('words are those of the schema', () => {
    const words = places.filter(({ schema }) => schema.enum !== undefined);
    assert.ok(words.length > 10);
    for (const place of words) {
      for (const word of place.schema.enum ?? [])
        assert.deepEqual(findingsAt(place, word), [], `${place.path} ${word}`);
      const [code = ''] = findingsAt(place, 'NO_SUCH_WORD');
      assert.match(code, /^spec\.unknown_/, place.path);
    }
  });

  test('members that the schema demands are demanded', () => {
    for (const place of places) {
      for (const key of place.schema.required ?? []) {
        if (place.path === '') continue;
        const whole = least(place.schema, place.file) as Record<string, unknown>;
        const at = { ...place, path: member(place.path, key) };
        assert.deepEqual(findingsAt(at, { ...whole, [key]: null }), ['spec.required'], at.path);
      }
    }
  });
});
