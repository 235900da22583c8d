import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BerthError } from '@berth/model/error';
import { piecesOf, readAllEntries } from './read-all.ts';
import { tarArchive, tarHeader } from './writer.ts';

/** A small generator with a seed: a failure can be run again. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

const sparse = 'GNU.sparse.major=1\n';
const seeds = [
  tarArchive([
    { name: 'a', content: 'x'.repeat(600) },
    { name: 'd/', flag: '5' },
    { name: 'l', flag: '2', linkName: 'a' },
  ]),
  tarArchive([
    {
      name: 'n'.repeat(200),
      content: 'y',
      mtime: { seconds: 1, nanoseconds: 2 },
      xattrs: new Map([['user.a', Buffer.from('b')]]),
    },
  ]),
  Buffer.concat([
    tarHeader({ name: 'L', flag: 'L', size: 5 }),
    Buffer.from('long\0'.padEnd(512, '\0')),
    tarArchive([{ name: 'short', content: 'z' }]),
  ]),
  Buffer.concat([
    tarHeader({ name: 'x', flag: 'x', size: 66 }),
    Buffer.from(`22 ${sparse}22 GNU.sparse.minor=0\n25 GNU.sparse.realsize=9\n`.padEnd(512, '\0')),
    tarArchive([{ name: 's', content: '1\n2\n3\n'.padEnd(512, '\0') + 'abc' }]),
  ]),
];

/** Changes a few bytes; most often repairs the checksum, so that the change is looked at. */
function mutate(archive: Buffer, next: (below: number) => number): Buffer {
  const copy = Buffer.from(archive.subarray(0, next(8) === 0 ? next(archive.length) : archive.length));
  for (let count = 1 + next(4); count > 0 && copy.length > 0; count--) {
    const block = next(Math.ceil(copy.length / 512)) * 512;
    const at = Math.min(copy.length - 1, block + (next(2) === 0 ? 100 + next(90) : next(512)));
    copy[at] = [0, 0x20, 0x30 + next(10), 0x80 + next(128), next(256)][next(5)]!;
  }
  if (next(4) !== 0) repair(copy);
  return copy;
}

function repair(copy: Buffer): void {
  for (let at = 0; at + 512 <= copy.length; at += 512) {
    if (copy.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    copy.fill(0x20, at + 148, at + 156);
    const sum = copy.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
}

function outcome(pieces: Iterable<Uint8Array>): unknown {
  try {
    return readAllEntries(pieces).map(({ name, size, content, type, mtime }) => ({
      name,
      size,
      type,
      mtime,
      content: content.toString('hex'),
    }));
  } catch (error) {
    if (error instanceof BerthError) return `${error.kind} ${error.code}`;
    if (error instanceof RangeError) return 'large';
    throw error;
  }
}

describe('a mutated archive', () => {
  it('is read the same however it is cut, or refused in the same words', () => {
    for (let seed = 1; seed <= 3000; seed++) {
      const next = random(seed);
      const archive = mutate(seeds[next(seeds.length)]!, next);
      const whole = outcome([archive]);
      assert.deepEqual(outcome(piecesOf(archive, 1 + next(700))), whole, `seed ${seed}`);
    }
  });
});
