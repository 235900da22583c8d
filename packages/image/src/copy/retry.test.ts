import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BerthError } from '@berth/model/error';
import type { ImageSource } from '../medium/medium.ts';
import { MemoryMedium } from '../medium/memory-medium.ts';
import { type SuiteImage, suiteImage, suiteSource } from '../medium/suite-images.ts';
import type { CopyOptions, CopyResult } from './contract.ts';
import { copyImages } from './copy.ts';

const { signal } = new AbortController();

async function copy(
  source: ImageSource,
  target: MemoryMedium,
  options: Partial<CopyOptions> = {},
): Promise<CopyResult> {
  return await copyImages(source, target, { signal, platforms: 'all', retries: 0, ...options });
}

describe('copy over bad connections', () => {
  const lost = () => new BerthError('unavailable', 'the connection broke');

  /** A source whose blobs break at some bytes: once each. */
  function breaking(image: SuiteImage, breaks: number[], starts: number[]): MemoryMedium {
    const source = suiteSource(image);
    source.blob = ({ digest }) => ({
      async *read(_, offset = 0) {
        starts.push(offset);
        const bytes = image.blobs.get(digest)!;
        const end = breaks.shift() ?? bytes.length;
        yield bytes.subarray(offset, end);
        if (end < bytes.length) throw lost();
      },
    });
    return source;
  }

  const image = suiteImage({ layers: ['a'] });

  it('reads on where it broke', async () => {
    const starts: number[] = [];
    const target = new MemoryMedium();
    await copy(breaking(image, [10, 25], starts), target, { retries: 2 });
    assert.deepEqual(starts, [0, 10, 25]);
    assert.equal(target.puts.length, 1);
  });

  it('gives up after as many tries in a row as are allowed', async () => {
    const starts: number[] = [];
    await assert.rejects(copy(breaking(image, [10, 10, 10, 10], starts), new MemoryMedium(), { retries: 1 }), {
      kind: 'unavailable',
    });
    assert.deepEqual(starts, [0, 10]);
  });

  it('puts and publishes again, but not what will fail again', async () => {
    const target = new MemoryMedium();
    const { publish, putBlob } = target;
    let failures = 2;
    target.publish = async (...args) => (failures-- > 0 ? await Promise.reject(lost()) : await publish(...args));
    await copy(suiteSource(image), target, { retries: 2 });
    assert.equal(target.published.length, 1);
    let tries = 0;
    target.blobs.clear();
    target.putBlob = async (...args) => {
      await putBlob(...args);
      tries++;
      throw new BerthError('resource_exhausted', 'no room', { code: 'disk_full' });
    };
    await assert.rejects(copy(suiteSource(image), target, { retries: 2 }), { code: 'disk_full' });
    assert.equal(tries, 1);
  });

  it('puts all of an image once more when the target lost what it had', async () => {
    const target = new MemoryMedium();
    await copy(suiteSource(image), target);
    const { publish } = target;
    let lostOnce = false;
    target.publish = async (...args) => {
      if (lostOnce) return await publish(...args);
      lostOnce = true;
      target.blobs.clear();
      throw new BerthError('aborted', 'collected', { code: 'content_gone' });
    };
    const { sent } = await copy(suiteSource(image), target);
    assert.ok(sent > 0);
    assert.deepEqual([...target.blobs.keys()].sort(), [...image.blobs.keys()].sort());
  });
});
