import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodePlan } from './decode.ts';
import { encodeIds, encodeList, encodePlan } from './encode.ts';
import { layout, type RecordKind } from './layout.ts';
import type { Plan, PlanRecord } from './record.ts';
import { binaryFields, listFields, runsOn } from './shape.ts';

const kinds = Object.keys(layout) as RecordKind[];
const text = fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll('\0', ''));

function fieldValue(field: string): fc.Arbitrary<string | Uint8Array> {
  const item = binaryFields[field];
  if (item !== undefined)
    return fc.array(fc.uint8Array({ minLength: item, maxLength: item })).map((items) => Buffer.concat(items));
  return listFields.includes(field) ? fc.array(text).map(encodeList) : text;
}

/** Any record that the layout allows, with numbers as bigint: the form that comes back. */
const anyRecord: fc.Arbitrary<PlanRecord> = fc.constantFrom(...kinds).chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    track: fc.constantFrom(...(['host', 'container'] as const).filter((track) => runsOn(kind, track))),
    ...Object.fromEntries(layout[kind].numbers.map((field) => [field, fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })])),
    ...Object.fromEntries(layout[kind].strings.map((field) => [field, fieldValue(field)])),
  }),
) as unknown as fc.Arbitrary<PlanRecord>;

function plain(plan: Plan): unknown {
  return plan.records.map((record) =>
    Object.fromEntries(
      Object.entries(record).map(([key, field]) => [key, field instanceof Uint8Array ? [...field] : field]),
    ),
  );
}

test('what is encoded is decoded to the same plan', () => {
  fc.assert(
    fc.property(fc.array(anyRecord), (records) => {
      const bytes = encodePlan({ records });
      assert.equal(bytes.length % 8, 0);
      assert.deepEqual(plain(decodePlan(bytes)), plain({ records }));
    }),
    { numRuns: 200 },
  );
});

test('soft and inject are kept, and a field named soft is not taken for the flag', () => {
  const records = [
    { kind: 'setsid', track: 'container', soft: true },
    { kind: 'setsid', track: 'container', inject: true },
    { kind: 'rlimit', track: 'container', resource: 7n, current: 1024n, maximum: 1024n },
  ] as unknown as PlanRecord[];
  const bytes = encodePlan({ records });
  assert.deepEqual(plain(decodePlan(bytes)), plain({ records }));
  assert.equal(bytes[16 + 2 * 16 + 3], 0);
});

test('negative numbers are in two’s complement', () => {
  const bytes = encodePlan({ records: [{ kind: 'unshare', track: 'container', flags: -1 }] });
  assert.deepEqual(
    [...bytes.subarray(32, 40)],
    Array.from({ length: 8 }, () => 255),
  );
});

test('the bytes of a small plan are those of docs/plan.md', () => {
  const bytes = encodePlan({
    records: [{ kind: 'write_file', track: 'container', path: '/a', data: 'bc', soft: true }],
  });
  const record = [4, 0, 1, 1, 32, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 47, 97, 0, 98, 99, 0, 0, 0];
  assert.deepEqual([...bytes], [...Buffer.from('BPLN'), 1, 0, 0, 0, 48, 0, 0, 0, 1, 0, 0, 0, ...record]);
});

for (const [what, record] of [
  ['a missing number', { kind: 'unshare', track: 'container' }],
  ['a missing string', { kind: 'chdir', track: 'container' }],
  ['a fraction', { kind: 'unshare', track: 'container', flags: 1.5 }],
  ['a number beyond 64 bits', { kind: 'unshare', track: 'container', flags: 1n << 64n }],
  ['text with a NUL', { kind: 'chdir', track: 'container', path: '/a\0b' }],
  ['a list whose last item is open', { kind: 'execve', track: 'container', candidates: 'a', argv: '', env: '' }],
  ['half a group id', { kind: 'groups', track: 'container', gids: new Uint8Array(6) }],
  ['the wrong track', { kind: 'spawn', track: 'container', flags: 0, cgroup: '' }],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(() => encodePlan({ records: [record as unknown as PlanRecord] }), {
      kind: 'invalid_argument',
      code: 'invalid_plan',
    });
  });
}

test('too many records, or too many bytes, are refused', () => {
  const records = Array.from({ length: 1025 }, (): PlanRecord => ({ kind: 'setsid', track: 'container' }));
  assert.throws(() => encodePlan({ records }), { code: 'invalid_plan' });
  const path = 'x'.repeat(1 << 20);
  assert.throws(() => encodePlan({ records: [{ kind: 'chdir', track: 'container', path }] }), { code: 'invalid_plan' });
});

test('ids are four bytes each', () => {
  assert.deepEqual([...encodeIds([1, 65536])], [1, 0, 0, 0, 0, 0, 1, 0]);
});

test('damaged bytes are not decoded', () => {
  const bytes = encodePlan({ records: [{ kind: 'setsid', track: 'container' }] });
  for (const bad of [bytes.subarray(0, 20), new Uint8Array(16), bytes.with(16, 200), bytes.with(20, 255)]) {
    assert.throws(() => decodePlan(bad), { code: 'invalid_plan' });
  }
});
