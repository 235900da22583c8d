import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expandSlice } from '../systemd/unit.ts';
import { parseCgroupLayout } from './detect.ts';
import { execPath, requireFree } from './join.ts';
import { cgroupFolders } from './layout.ts';
import type { CgroupLayout } from './layout.ts';
import { parseOwnCgroups } from './own-cgroup.ts';
import { placeCgroup } from './place.ts';
import type { CgroupRequest } from './place.ts';
import { attachRecords, spawnCgroup } from './records.ts';
import { parseSubCgroups } from './sub-cgroup.ts';

// This machine, whose manager has put the shell into a memory cgroup of its own; docker in docker without a cgroup
// namespace; a login shell of a systemd machine.
const v1 = parseCgroupLayout(`32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
`);
const own1 = parseOwnCgroups('9:name=systemd:/\n4:memory:/process_api/bdfc\n1:cpu:/\n0::/\n');
const nested = parseCgroupLayout(
  '32 31 0:29 /docker/4f1c /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n' +
    '35 31 0:32 /docker/4f1c /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n',
);
const ownNested = parseOwnCgroups('4:memory:/docker/4f1c/shell\n1:cpu:/docker/4f1c\n');
const v2 = parseCgroupLayout('35 24 0:30 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n', 'cpu memory pids');
const own2 = parseOwnCgroups('0::/user.slice/user-1000.slice/session-1.scope\n');

const folders = (request: Omit<CgroupRequest, 'id'>, layout = v1, own = own1): string[] => {
  const place = placeCgroup({ id: 'c1', ...request }, { layout, own });
  return cgroupFolders(place.layout, place.path);
};

describe('the place of a cgroup', () => {
  test('an absolute path and none are below the mount points', () => {
    assert.deepEqual(folders({ cgroupsPath: '/a/b/' }), [
      '/sys/fs/cgroup/cpu/a/b',
      '/sys/fs/cgroup/memory/a/b',
      '/sys/fs/cgroup/systemd/a/b',
    ]);
    assert.deepEqual(folders({}, v2, own2), ['/sys/fs/cgroup/c1']);
    assert.deepEqual(folders({ cgroupsPath: '/../../etc' }, v2), ['/sys/fs/cgroup/etc']);
  });

  test('a relative path is below the own cgroup of each v1 hierarchy', () => {
    const expected = ['/sys/fs/cgroup/cpu/a', '/sys/fs/cgroup/memory/process_api/bdfc/a', '/sys/fs/cgroup/systemd/a'];
    assert.deepEqual(folders({ cgroupsPath: 'a' }), expected);
    assert.deepEqual(folders({ cgroupsPath: '../a' }), expected);
  });

  test('in a container that sees the names of the host, the mount shows a part of the tree', () => {
    assert.deepEqual(folders({ cgroupsPath: 'a' }, nested, ownNested), [
      '/sys/fs/cgroup/cpu/a',
      '/sys/fs/cgroup/memory/shell/a',
    ]);
  });

  test('on v2 a relative path is beside the own cgroup', () => {
    assert.deepEqual(folders({ cgroupsPath: 'a' }, v2, own2), ['/sys/fs/cgroup/user.slice/user-1000.slice/a']);
    assert.deepEqual(folders({ rootless: true }, v2, own2), ['/sys/fs/cgroup/user.slice/user-1000.slice/c1']);
    assert.deepEqual(folders({ cgroupsPath: 'a' }, v2, parseOwnCgroups('0::/\n')), ['/sys/fs/cgroup/a']);
  });

  test('the root is no container cgroup', () => {
    for (const cgroupsPath of ['/', '.', '..', '//', '/a/..']) {
      assert.throws(() => folders({ cgroupsPath }), { kind: 'invalid_argument', message: /linux\.cgroupsPath/ });
    }
  });

  test('systemd makes it in a slice', () => {
    const driver = 'systemd' as const;
    assert.deepEqual(folders({ driver, cgroupsPath: 'a-b.slice:docker:c1' }, v2), [
      '/sys/fs/cgroup/a.slice/a-b.slice/docker-c1.scope',
    ]);
    assert.deepEqual(folders({ driver }, v2), ['/sys/fs/cgroup/system.slice/berth-c1.scope']);
    assert.deepEqual(folders({ driver, cgroupsPath: '-.slice::x' }, v2), ['/sys/fs/cgroup/x.scope']);
    const userManager = '/user.slice/user-1000.slice/user@1000.service';
    const request = { id: 'c1', driver, rootless: true, cgroupsPath: ':libpod:c1' };
    const place = placeCgroup(request, { layout: v2, own: own2, userManager });
    assert.equal(place.path, `${userManager}/user.slice/libpod-c1.scope`);
    assert.equal(place.unit?.name, 'libpod-c1.scope');
  });

  test('a path that is no unit is refused', () => {
    for (const cgroupsPath of [
      '/a',
      'a:b',
      'a:b:c',
      'a.slice:b:',
      'a.slice:b:c:d',
      'a--b.slice:b:c',
      'a.slice:b:c/d',
    ]) {
      assert.throws(() => folders({ driver: 'systemd', cgroupsPath }, v2), { kind: 'invalid_argument' }, cgroupsPath);
    }
    assert.throws(() => expandSlice('.slice'), { kind: 'invalid_argument' });
  });
});

describe('an exec below the cgroup of its container', () => {
  test('is put there by controller, or as a whole', () => {
    const sub = parseSubCgroups(['memory,cpu:/deep', 'other']);
    assert.deepEqual(
      attachRecords(v1, '/c', sub).map((one) => one.kind === 'cgroup_attach' && one.path),
      [
        '/sys/fs/cgroup/cpu/c/deep/cgroup.procs',
        '/sys/fs/cgroup/memory/c/deep/cgroup.procs',
        '/sys/fs/cgroup/systemd/c/other/cgroup.procs',
      ],
    );
    assert.equal(spawnCgroup(v2, '/c', parseSubCgroups(['a/b'])), '/sys/fs/cgroup/c/a/b');
    assert.throws(() => parseSubCgroups(['../x']), { kind: 'invalid_argument' });
    assert.throws(() => parseSubCgroups(['cpu:x', 'cpu:y']), { kind: 'invalid_argument' });
  });
});

describe('a cgroup that is there already', () => {
  let base: string;
  let layout: CgroupLayout;
  const put = (name: string, text: string) => writeFileSync(join(base, name), text);

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'berth-cgroup-'));
    mkdirSync(join(base, 'c', 'below'), { recursive: true });
    layout = { ...v2, unified: base };
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  test('is used when it is empty, and one that is not there too', async () => {
    put('c/cgroup.procs', '');
    put('c/cgroup.freeze', '0\n');
    await requireFree(layout, '/c');
    await requireFree(layout, '/d');
  });

  test('is refused with processes in it or below it', async () => {
    put('c/cgroup.procs', '');
    put('c/below/cgroup.procs', '7\n');
    await assert.rejects(requireFree(layout, '/c'), { kind: 'failed_precondition', code: 'cgroup_not_empty' });
  });

  test('is refused when it is frozen', async () => {
    put('c/cgroup.freeze', '1\n');
    await assert.rejects(requireFree(layout, '/c'), { kind: 'failed_precondition', code: 'cgroup_frozen' });
  });

  test('that passes controllers on has its execs beside the first process', async () => {
    put('c/cgroup.subtree_control', 'memory pids\n');
    assert.equal(await execPath(layout, '/c', process.pid), '/c');
    put('c/cgroup.subtree_control', '\n');
    assert.equal(await execPath(layout, '/c', process.pid), '/c');
  });
});
