import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type CachedAttachment, ResultCache } from './result-cache.ts';

const entry: CachedAttachment = {
  kind: 'cniCacheV1',
  containerId: 'pod-1',
  config: 'e30=',
  ifName: 'eth0',
  networkName: 'pods',
};

describe('results as libcni keeps them', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'berth-cache-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  test('a file has the name and the words of libcni', () => {
    const cache = new ResultCache(folder);
    cache.write({ ...entry, result: { ips: [] } });
    assert.deepEqual(readdirSync(path.join(folder, 'results')), ['pods-pod-1-eth0']);
    const kept = JSON.parse(readFileSync(path.join(folder, 'results', 'pods-pod-1-eth0'), 'utf8')) as unknown;
    assert.deepEqual(kept, { ...entry, result: { ips: [] } });
    cache.remove(entry);
    assert.deepEqual(cache.list(), []);
  });

  test('a container has its own, also when its id is the end of another', () => {
    const cache = new ResultCache(folder);
    cache.write(entry);
    cache.write({ ...entry, containerId: 'x-pod-1' });
    assert.deepEqual(
      cache.of('pod-1').map(({ containerId }) => containerId),
      ['pod-1'],
    );
    assert.equal(cache.list().length, 2);
  });

  test('drafts, files of other forms and no folder at all are no attachments', () => {
    assert.deepEqual(new ResultCache(path.join(folder, 'none')).list(), []);
    const cache = new ResultCache(folder);
    cache.write(entry);
    for (const [name, text] of [
      ['.pods-x-eth0', '{'],
      ['pods-y-eth0', ''],
      ['pods-z-eth0', '{"ips":[]}'],
    ] as const) {
      writeFileSync(path.join(folder, 'results', name), text);
    }
    assert.equal(cache.list().length, 1);
    cache.dropDrafts();
    assert.ok(!readdirSync(path.join(folder, 'results')).includes('.pods-x-eth0'));
    assert.equal(cache.list().length, 1);
  });

  test('one that a loss of power has emptied is known by its name', () => {
    const id = '0123456789abcdef'.repeat(4);
    const cache = new ResultCache(folder);
    cache.write({ ...entry, networkName: 'a-b', containerId: id });
    writeFileSync(path.join(folder, 'results', `a-b-${id}-eth0`), '');
    const [found, ...others] = cache.of(id);
    assert.deepEqual([found?.networkName, found?.ifName, found?.config, others], ['a-b', 'eth0', '', []]);
    cache.remove(found!);
    assert.deepEqual(cache.list(), []);
  });
});
