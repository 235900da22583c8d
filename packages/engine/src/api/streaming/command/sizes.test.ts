import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Sizes } from './sizes.ts';

async function read(...pieces: readonly string[]): Promise<string[]> {
  const sizes = new Sizes();
  for (const piece of pieces) sizes.push(Buffer.from(piece));
  sizes.end();
  const found: string[] = [];
  for await (const { rows, columns } of sizes) found.push(`${columns}x${rows}`);
  return found;
}

describe("sizes of a client's terminal", () => {
  it('are read one behind the other, in any order of their sides, from pieces that are cut anywhere', async () => {
    const text = '{"Width":80,"Height":24}\n { "Height" : 43 , "Width" : 132 }\n{"Width":1,"Height":65535}';
    const expected = ['80x24', '132x43', '1x65535'];
    assert.deepEqual(await read(text), expected);
    assert.deepEqual(await read(...text.split('')), expected);
  });

  it('are found behind what is none', async () => {
    for (const noise of [
      '{}',
      '{a}',
      '{"Width":80}',
      '{"Width":0,"Height":24}',
      '{"Width":80,"Height":65536}',
      '{"Width":08,"Height":24}',
      '{"Width":80,"Height":24,}',
      '{"Width":"80","Height":24}',
      '{"Width":-1,"Height":2.5}',
      '\f{"Width":80,"Height":24}',
      'x'.repeat(2000),
    ]) {
      assert.deepEqual(await read(noise, '}', '{"Width":80,"Height":24}'), ['80x24'], noise);
    }
  });

  it('come from whatever a client sends, without an error', () => {
    const unit = fc.constantFrom(
      '{',
      '}',
      '"Width"',
      '"Height"',
      ':',
      ',',
      ' ',
      '\n',
      '\f',
      '\v',
      '\0',
      '0',
      '80',
      '-',
      '.',
      '\\',
    );
    fc.assert(fc.property(fc.string({ unit, maxLength: 40 }), (text) => new Sizes().push(Buffer.from(text))));
    fc.assert(fc.property(fc.uint8Array(), (bytes) => new Sizes().push(bytes)));
  });

  it('are at most 64 that wait: of more the last ones count', async () => {
    const all = Array.from({ length: 100 }, (_, index) => index + 1);
    const found = await read(all.map((side) => `{"Width":${side},"Height":1}`).join(''));
    assert.deepEqual([found.length, found[0], found.at(-1)], [64, '37x1', '100x1']);
  });

  it('cost no exception where there are none', (test) => {
    const parse = test.mock.method(JSON, 'parse');
    new Sizes().push(Buffer.from('}{a}{1,}{"Width":01,"Height":2}'.repeat(1000)));
    assert.equal(parse.mock.callCount(), 0);
  });
});
