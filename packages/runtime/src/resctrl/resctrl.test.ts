import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { IntelRdtSpec } from '@berth/model/runtime-spec';
import { resctrlAttachRecords, resctrlLeftover, resctrlRecords } from './records.ts';
import { findResctrl, lastResctrlError, removeResctrl, updateResctrl } from './resctrl.ts';
import { readResctrlStats } from './stats.ts';

const place = { root: '/r', id: 'c1' };
const steps = (spec: IntelRdtSpec) =>
  resctrlRecords(place, spec).map((record) =>
    [record.kind, 'path' in record ? record.path : '', 'data' in record ? record.data : ''].join(' ').trim(),
  );

describe('records for resctrl', () => {
  test('a group of the container, its lines one by one, then the process', () => {
    assert.deepEqual(steps({ l3CacheSchema: 'L3:0=ff;1=f0', memBwSchema: 'MB:0=20', schemata: ['L2:0=3'] }), [
      'cgroup_create /r/c1',
      'write_file /r/c1/schemata L3:0=ff;1=f0',
      'write_file /r/c1/schemata MB:0=20',
      'write_file /r/c1/schemata L2:0=3',
      'cgroup_attach /r/c1/tasks',
    ]);
  });

  test('a named group that somebody else has set up is joined, not made', () => {
    assert.deepEqual(steps({ closID: 'guaranteed' }), ['cgroup_attach /r/guaranteed/tasks']);
    assert.deepEqual(steps({ closID: '/' }), ['cgroup_attach /r/tasks']);
    assert.deepEqual(steps({ closID: 'new', schemata: ['L3:0=f'] })[0], 'cgroup_create /r/new');
  });

  test('counters of its own within a shared group', () => {
    const spec = { closID: 'shared', enableMonitoring: true };
    assert.deepEqual(steps(spec), [
      'cgroup_attach /r/shared/tasks',
      'cgroup_create /r/shared/mon_groups/c1',
      'cgroup_attach /r/shared/mon_groups/c1/tasks',
    ]);
    assert.equal(resctrlAttachRecords(place, spec).length, 2);
  });

  test('bandwidth lines of the cache schema give way to the bandwidth schema', () => {
    const lines = steps({ l3CacheSchema: 'L3:0=f\nMB:0=90', memBwSchema: 'MB:0=20' });
    assert.equal(lines.filter((line) => line.includes('MB:')).length, 1);
    assert.equal(steps({ l3CacheSchema: 'L3:0=f\nMB:0=90' }).filter((line) => line.includes('MB:')).length, 1);
  });

  test('only what was made for the container alone is removed', () => {
    assert.equal(resctrlLeftover(place, {}), '/r/c1');
    assert.equal(resctrlLeftover(place, { closID: 'x', schemata: ['L3:0=f'] }), undefined);
    assert.equal(resctrlLeftover(place, { closID: 'x', enableMonitoring: true }), '/r/x/mon_groups/c1');
  });

  test('names and lines that are none are refused', () => {
    for (const closID of ['..', '', 'a/b', 'info', 'mon_groups']) {
      assert.throws(() => steps({ closID }), { kind: 'invalid_argument', message: /closID/ });
    }
    assert.throws(() => steps({ schemata: ['L3:0=f', 'rm -rf'] }), { message: /schemata\[1\]/ });
    assert.throws(() => steps({ memBwSchema: 'MB' }), { message: /memBwSchema/ });
  });
});

describe('a resctrl file system', () => {
  let root: string;
  const put = (name: string, text: string) => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  };

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'berth-resctrl-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test('is found where it is mounted', () => {
    const line = '40 31 0:37 / /sys/fs/resctrl rw,relatime shared:7 - resctrl resctrl rw\n';
    assert.equal(findResctrl(line), '/sys/fs/resctrl');
    assert.throws(() => findResctrl('31 23 0:28 / /sys rw - sysfs sysfs rw\n'), {
      kind: 'failed_precondition',
      code: 'no_resctrl',
    });
  });

  test('gives up its group when the container is deleted, also twice', async () => {
    mkdirSync(join(root, 'c1'));
    await removeResctrl({ root, id: 'c1' }, {});
    assert.equal(existsSync(join(root, 'c1')), false);
    await removeResctrl({ root, id: 'c1' }, {});
    await removeResctrl({ root, id: 'c1' }, { closID: '/' });
    assert.ok(existsSync(root));
  });

  test('takes other lines for a running container, and makes the group of one that has none', () => {
    const change = { l3CacheSchema: 'L3:0=f', memBwSchema: 'MB:0=50' };
    updateResctrl({ root, id: 'c1' }, { before: undefined, change, pid: 77 });
    assert.equal(readFileSync(join(root, 'c1/tasks'), 'utf8'), '77');
    // A plain file keeps the last line only; the kernel takes each.
    assert.equal(readFileSync(join(root, 'c1/schemata'), 'utf8'), 'MB:0=50\n');
    updateResctrl({ root, id: 'c1' }, { before: {}, change: { l3CacheSchema: 'L3:0=3' }, pid: 78 });
    assert.equal(readFileSync(join(root, 'c1/tasks'), 'utf8'), '77');
    assert.equal(readFileSync(join(root, 'c1/schemata'), 'utf8'), 'L3:0=3\n');
    const bad = { before: {}, change: { memBwSchema: 'much' }, pid: 1 };
    assert.throws(() => updateResctrl({ root, id: 'c1' }, bad), { kind: 'invalid_argument', message: /memBwSchema/ });
  });

  test('says what was wrong with the last write', () => {
    assert.equal(lastResctrlError(root), undefined);
    put('info/last_cmd_status', 'mask out of range\n');
    assert.equal(lastResctrlError(root), 'mask out of range');
    put('info/last_cmd_status', 'ok\n');
    assert.equal(lastResctrlError(root), undefined);
  });

  test('counts', async () => {
    put('schemata', '    L3:0=fffff;1=fffff\n    MB:0=100;1=100\n');
    put('c1/schemata', '    L3:0=ff;1=ff\n    MB:0=20;1=70\n');
    put('info/L3/cbm_mask', 'fffff\n');
    put('info/L3/num_closids', '16\n');
    put('info/MB/min_bandwidth', '10\n');
    put('c1/mon_groups/c1/mon_data/mon_L3_00/llc_occupancy', '4096\n');
    put('c1/mon_groups/c1/mon_data/mon_L3_00/mbm_total_bytes', '77\n');
    const stats = await readResctrlStats({ root, id: 'c1' }, { enableMonitoring: true });
    assert.deepEqual([stats.l3_cache_info?.cbm_mask, stats.l3_cache_info?.num_closids], ['fffff', 16n]);
    assert.deepEqual([stats.l3_cache_schema_root, stats.l3_cache_schema], ['L3:0=fffff;1=fffff', 'L3:0=ff;1=ff']);
    assert.deepEqual([stats.mem_bw_info?.min_bandwidth, stats.mem_bw_schema], [10n, 'MB:0=20;1=70']);
    assert.deepEqual(stats.cmt_stats, [{ llc_occupancy: 4096n }]);
    assert.deepEqual(stats.mbm_stats, [{ mbm_total_bytes: 77n, mbm_local_bytes: 0n }]);
  });
});
