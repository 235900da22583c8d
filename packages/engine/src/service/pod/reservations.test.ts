import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Reservations } from './reservations.ts';

const staying = () => new AbortController().signal;

describe('names in use', () => {
  it('one that was handed out is refused until it is released', async () => {
    const handed: string[] = [];
    const names = new Reservations('pod', (id) => void handed.push(id));
    const request = { name: 'a', asked: '{}', client: { signal: staying() } };
    assert.equal(await names.take(request, () => Promise.resolve('1')), '1');
    await assert.rejects(
      names.take(request, () => Promise.resolve('2')),
      { code: 'name_reserved' },
    );
    names.release('a');
    assert.equal(await names.take(request, () => Promise.resolve('3')), '3');
    assert.deepEqual(handed, ['1', '3']);
  });

  it('a client that leaves does not end the work, and the next equal call is given the result', async () => {
    const names = new Reservations('pod', () => undefined);
    const work = Promise.withResolvers<string>();
    const client = new AbortController();
    const first = names.take({ name: 'a', asked: 'x', client }, () => work.promise);
    client.abort(new Error('gone'));
    await assert.rejects(first, /gone/);
    await assert.rejects(
      names.take({ name: 'a', asked: 'y', client: { signal: staying() } }, () => Promise.resolve('other')),
      { code: 'name_reserved' },
    );
    const second = names.take({ name: 'a', asked: 'x', client: { signal: staying() } }, () => Promise.resolve('again'));
    work.resolve('1');
    assert.equal(await second, '1');
  });

  it('an answer that may cross its client’s deadline on the way counts as given to nobody', async () => {
    const handed: string[] = [];
    const names = new Reservations('pod', (id) => void handed.push(id));
    const take = (left: number) => {
      const client = { signal: staying(), deadline: performance.now() + left };
      return names.take({ name: 'a', asked: 'x', client }, () => Promise.resolve('1'));
    };
    assert.equal(await take(20), '1');
    assert.equal(await take(60_000), '1');
    assert.deepEqual(handed, ['1']);
    await assert.rejects(take(60_000), { code: 'name_reserved' });
  });

  it('of two that wait for the same one is its owner', async () => {
    const names = new Reservations('pod', () => undefined);
    const take = () => names.take({ name: 'a', asked: 'x', client: { signal: staying() } }, () => Promise.resolve('1'));
    const results = await Promise.allSettled([take(), take()]);
    assert.deepEqual(results.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  });

  it('a failure is told to all who wait, and frees the name', async () => {
    const names = new Reservations('pod', () => undefined);
    const request = { name: 'a', asked: 'x', client: { signal: staying() } };
    const fail = () => Promise.reject(new Error('no'));
    const results = await Promise.allSettled([names.take(request, fail), names.take(request, fail)]);
    assert.ok(results.every(({ status }) => status === 'rejected'));
    assert.equal(await names.take(request, () => Promise.resolve('1')), '1');
  });

  it('a failure that nobody waits for frees the name too', async () => {
    const names = new Reservations('pod', () => undefined);
    const client = new AbortController();
    const work = Promise.withResolvers<string>();
    const left = names.take({ name: 'a', asked: 'x', client }, () => work.promise);
    client.abort(new Error('gone'));
    await assert.rejects(left, /gone/);
    work.reject(new Error('no'));
    await new Promise(setImmediate);
    assert.equal(names.unclaimed('a'), undefined);
    assert.equal(
      await names.take({ name: 'a', asked: 'z', client: { signal: staying() } }, () => Promise.resolve('1')),
      '1',
    );
  });

  it('knows after a restart what was handed out and what was not', async () => {
    const names = new Reservations('pod', () => undefined);
    names.restore('a', 'x', { id: '1', handed: false });
    names.restore('b', 'x', { id: '2', handed: true });
    assert.deepEqual([names.unclaimed('a'), names.unclaimed('b')], ['1', undefined]);
    const never = () => Promise.reject(new Error('never'));
    assert.equal(await names.take({ name: 'a', asked: 'x', client: { signal: staying() } }, never), '1');
    await assert.rejects(names.take({ name: 'b', asked: 'x', client: { signal: staying() } }, never), {
      code: 'name_reserved',
    });
  });
});
