import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { annotationProperties } from './annotation.ts';
import { listBits } from './list-bits.ts';
import { parseVariantText } from './variant-text.ts';

describe('values in GVariant text form', () => {
  const forms: readonly (readonly [string, string, unknown])[] = [
    ['true', 'b', true],
    ["'it\\'s'", 's', "it's"],
    ['"a b"', 's', 'a b'],
    ['-5', 'i', -5n],
    ['0x10', 'i', 16n],
    ['1.5', 'd', 1.5],
    ['uint64 18446744073709551615', 't', 2n ** 64n - 1n],
    ['@t 5', 't', 5n],
    ["objectpath '/a'", 'o', '/a'],
    ["['a', 'b']", 'as', ['a', 'b']],
    ['[byte 1, 2]', 'ay', [1n, 2n]],
    ['@as []', 'as', []],
    ["[('/dev/null', 'rw')]", 'a(ss)', [['/dev/null', 'rw']]],
    ["@a(st) [('x', 5)]", 'a(st)', [['x', 5n]]],
    ['<5>', 'v', { signature: 'i', value: 5n }],
  ];

  test('have the type that they name, or the usual one', () => {
    for (const [text, signature, value] of forms) {
      assert.deepEqual(parseVariantText(text), { signature, value }, text);
    }
  });

  test('are refused when they are none', () => {
    const bad = [
      '',
      'x',
      "'open",
      '[]',
      '[1, true]',
      'byte 256',
      'uint32 -1',
      'uint32 true',
      '5 5',
      '()',
      '@t 1.5',
      '[1,]',
    ];
    for (const text of [...bad, 'int32 99999999999', '@zz 1', "@as ['a', 5]"]) {
      assert.throws(() => parseVariantText(text), RangeError, text);
    }
  });
});

describe('annotations of systemd properties', () => {
  const of = (name: string, text: string) =>
    annotationProperties({ [`org.systemd.property.${name}`]: text, other: 'x' });

  test('are properties, and seconds become microseconds', () => {
    assert.deepEqual(of('CollectMode', "'inactive-or-failed'"), [
      ['CollectMode', { signature: 's', value: 'inactive-or-failed' }],
    ]);
    assert.deepEqual(of('TimeoutStopSec', 'uint64 2'), [['TimeoutStopUSec', { signature: 't', value: 2_000_000n }]]);
    assert.deepEqual(of('TimeoutStopSec', '1.5'), [['TimeoutStopUSec', { signature: 't', value: 1_500_000n }]]);
  });

  test('are refused with their name when the name or the value is none', () => {
    for (const [name, text] of [
      ['Bad-Name', '5'],
      ['X', '5'],
      ['MemoryMax', 'much'],
      ['TimeoutStopSec', "'long'"],
    ] as const) {
      assert.throws(() => of(name, text), { kind: 'invalid_argument', message: /annotations\["org\.systemd/ }, name);
    }
  });
});

describe('a list of processors', () => {
  test('is a mask', () => {
    assert.deepEqual([...listBits('0-3,9', 'f')], [0b1111, 0b10]);
    assert.deepEqual([...listBits(' 7 ,', 'f')], [0x80]);
  });

  test('is refused when it is none', () => {
    for (const list of ['', 'a', '3-1', '-1', '1-', '99999']) {
      assert.throws(() => listBits(list, 'f'), { kind: 'invalid_argument' }, list);
    }
  });
});
