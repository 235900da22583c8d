import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import { createDiskSync } from './disk-sync.ts';

describe('syncing to disk', () => {
  it('is shared by those who come while one runs', async () => {
    const started: (() => void)[] = [];
    const sync = createDiskSync(() => new Promise<void>((resolve) => started.push(resolve)));
    const first = sync('/');
    const rest = [sync('/'), sync('/'), sync('/')];
    started[0]!();
    await first;
    await new Promise(setImmediate);
    assert.equal(started.length, 2);
    started[1]!();
    await Promise.all(rest);
    const last = sync('/');
    assert.equal(started.length, 3);
    started[2]!();
    await last;
  });

  it('goes on after a failure', async () => {
    let calls = 0;
    const sync = createDiskSync(() => (++calls === 1 ? Promise.reject(new Error('disk')) : Promise.resolve()));
    const [first, second] = [sync('/'), sync('/')];
    await assert.rejects(first);
    await second;
    assert.equal(calls, 2);
  });

  it('works in a thread of its own', async () => {
    await createDiskSync()(tmpdir());
  });

  it('tells when the folder is not there', async () => {
    await assert.rejects(createDiskSync()('/no/such/folder'), { code: 'sync_failed' });
  });
});
