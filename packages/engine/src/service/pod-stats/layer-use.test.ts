import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backgroundContext } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import { LayerUses } from './layer-use.ts';

const context = backgroundContext();

function counting(): { readonly uses: LayerUses; readonly asked: string[] } {
  const asked: string[] = [];
  const usage = (_: unknown, key: string): Promise<{ bytes: number; inodes: number }> => {
    asked.push(key);
    if (key === 'broken') return Promise.reject(new Error('EIO'));
    if (key === 'gone') return Promise.reject(new BerthError('not_found', 'no such snapshot: gone'));
    return Promise.resolve({ bytes: 4096, inodes: 2 });
  };
  return { uses: new LayerUses({ usage }, '/data'), asked };
}

test('a layer is walked through once for all who ask in a short time', async () => {
  const { uses, asked } = counting();
  const [first, second] = await Promise.all([uses.of(context, 'a'), uses.of(context, 'a')]);
  assert.deepEqual(await uses.of(context, 'a'), first);
  assert.deepEqual(second, first);
  assert.deepEqual([first.bytes, first.inodes, first.mountpoint], [4096n, 2n, '/data']);
  assert.ok(first.at > 0n);
  assert.deepEqual(asked, ['a']);
});

test('a layer that is gone takes nothing, and is asked for again', async () => {
  const { uses, asked } = counting();
  assert.equal((await uses.of(context, 'gone')).bytes, 0n);
  await uses.of(context, 'gone');
  assert.deepEqual(asked, ['gone', 'gone']);
});

test('a layer that is not kept is measured again', async () => {
  const { uses, asked } = counting();
  await uses.of(context, 'a');
  uses.keep(new Set());
  await uses.of(context, 'a');
  assert.deepEqual(asked, ['a', 'a']);
});

test('a layer that cannot be measured takes nothing, and the numbers of the others are told', async () => {
  const { uses } = counting();
  const [broken, whole] = await Promise.all([uses.of(context, 'broken'), uses.of(context, 'a')]);
  assert.deepEqual([broken.bytes, whole.bytes], [0n, 4096n]);
});
