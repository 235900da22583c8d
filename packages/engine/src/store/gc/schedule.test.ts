import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentLog } from '@berth/model/context';
import { sha256 } from '@berth/model/digest';
import type { Collector } from '../metadata.ts';
import { openStores, type Stores } from '../open-stores.ts';
import { CollectionSchedule } from './schedule.ts';

const target = { mediaType: 'm', digest: sha256('x'), size: 1 };
let root: string;
let stores: Stores;
let runs: number;
let clock: number;

/** For each test of a suite. Hooks outside of suites would be those of every test of this process: all unit tests. */
function freshStores(): void {
  beforeEach(async () => {
    root = mkdtempSync(path.join(tmpdir(), 'berth-schedule-'));
    clock = Date.now();
    stores = await openStores({ root, log: silentLog, snapshotter: 'overlayfs', now: () => clock });
    runs = 0;
  });
  afterEach(async () => {
    await stores[Symbol.asyncDispose]();
    rmSync(root, { recursive: true });
  });
}

function schedule(times: ConstructorParameters<typeof CollectionSchedule>[0]['times'] = {}): CollectionSchedule {
  const { metadata } = stores;
  const collector: Collector = {
    whatHolds: () => [],
    collect: async () => {
      runs += 1;
      return await stores.collector.collect();
    },
  };
  const quick = { afterDeletion: 5, afterChange: 1_000_000, betweenExpiries: 20, ...times };
  return new CollectionSchedule({ metadata, collector, log: silentLog, times: quick });
}

const put = (name: string, labels = {}): Promise<unknown> =>
  stores.metadata.write((tx) => tx.images.put({ namespace: 'default', name, target, labels }));

async function until(count: number): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(10)) if (runs >= count) break;
  assert.equal(runs, count);
}

describe('collection by itself', () => {
  freshStores();

  it('comes once after a few deletions', async () => {
    using one = schedule();
    assert.ok(one);
    for (const name of ['a', 'b', 'c']) await put(name);
    await sleep(30);
    assert.equal(runs, 0);
    await stores.metadata.write((tx) => ['a', 'b', 'c'].map((name) => tx.images.delete('default', name)));
    await until(1);
    await sleep(30);
    assert.equal(runs, 1);
  });

  it('comes after a hundred writes', async () => {
    using one = schedule();
    assert.ok(one);
    for (let n = 0; n < 99; n++) await put(`${n}`);
    await sleep(30);
    assert.equal(runs, 0);
    await put('last');
    await until(1);
  });

  it('comes some time after any write', async () => {
    using one = schedule({ afterChange: 20 });
    assert.ok(one);
    await put('a');
    await until(1);
  });

  it('comes when a lease or an image ends, and not while nothing does', async () => {
    await stores.leases.create('default', 60_000);
    await put('a', { 'containerd.io/gc.expire': new Date(clock + 30_000).toISOString() });
    using one = schedule({ betweenExpiries: 1 });
    assert.ok(one);
    await sleep(50);
    assert.equal(runs, 0);
    clock += 100_000;
    await stores.collector.collect();
    assert.equal(
      stores.metadata.read((tx) => tx.images.get('default', 'a')),
      undefined,
    );
    assert.deepEqual(
      stores.metadata.read((tx) => tx.leases.nextExpiry()),
      undefined,
    );
  });

  it('comes no more when it is over', async () => {
    schedule()[Symbol.dispose]();
    await put('a');
    await stores.metadata.write((tx) => tx.images.delete('default', 'a'));
    await sleep(50);
    assert.equal(runs, 0);
  });
});
