import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { cgroupOwner, delegateCgroup } from './delegate.ts';
import type { CgroupLayout } from './layout.ts';

const v2: CgroupLayout = { version: 2, hierarchies: [], unified: '/c', controllers: [] };
const spec: RuntimeSpec = {
  ociVersion: '1.3.0',
  process: { user: { uid: 0, gid: 0 }, args: ['x'], env: [], cwd: '/' },
  root: { path: '/r' },
  mounts: [{ destination: '/sys/fs/cgroup', type: 'cgroup', options: ['nosuid'] }],
  linux: {
    namespaces: [{ type: 'user' }, { type: 'cgroup' }],
    uidMappings: [
      { containerID: 1, hostID: 5, size: 9 },
      { containerID: 0, hostID: 1000, size: 1 },
    ],
  },
};

describe('the owner of a cgroup', () => {
  test('is the root of a container with namespaces and a cgroup mount of its own', () => {
    assert.equal(cgroupOwner(v2, spec), 1000);
  });

  test('stays who it was for all others', () => {
    const { linux } = spec;
    const others: RuntimeSpec[] = [
      { ...spec, mounts: [] },
      { ...spec, mounts: [{ destination: '/sys/fs/cgroup', type: 'cgroup', options: ['ro'] }] },
      { ...spec, linux: { ...linux, namespaces: [{ type: 'user' }] } },
      { ...spec, linux: { ...linux, namespaces: [{ type: 'user', path: '/proc/1/ns/user' }, { type: 'cgroup' }] } },
      { ...spec, linux: { ...linux, uidMappings: [{ containerID: 1, hostID: 5, size: 9 }] } },
    ];
    for (const other of others) assert.equal(cgroupOwner(v2, other), undefined);
    assert.equal(cgroupOwner({ ...v2, version: 1 }, spec), undefined);
  });

  test('gets the folder and the files that the kernel names, and no other', (t) => {
    if (process.getuid?.() !== 0) return t.skip('only root gives files away');
    const folder = mkdtempSync(join(tmpdir(), 'berth-cgroup-'));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const name of ['cgroup.procs', 'memory.max']) writeFileSync(join(folder, name), '');
    const layout = { ...v2, unified: dirname(folder) };
    return delegateCgroup(layout, `/${basename(folder)}`, 4321).then(() => {
      const owner = (name: string) => statSync(join(folder, name)).uid;
      assert.deepEqual(['', 'cgroup.procs', 'memory.max'].map(owner), [4321, 4321, 0]);
    });
  });
});
