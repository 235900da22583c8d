import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LinuxSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { compileContainer } from './container.ts';
import type { HostFacts } from './facts.ts';
import { v2 } from './golden-file.ts';

const facts: HostFacts = {
  cgroup: v2,
  cgroupPath: '/b/c1',
  stdin: false,
  architecture: 'x64',
  rootTarget: '/var/lib/berth/rootfs',
  rootMounts: [{ type: 'overlay', source: 'overlay', options: ['lowerdir=1/fs'], cwd: '/snapshots' }],
};
const specOf = (linux: Partial<LinuxSpec>): RuntimeSpec => ({
  ociVersion: '1.3.0',
  process: { user: { uid: 0, gid: 0 }, args: ['sh'], env: [], cwd: '/' },
  root: { path: '/unused' },
  mounts: [],
  linux: { namespaces: [{ type: 'mount' }], ...linux },
});

describe('the root file system in a plan', () => {
  test('a label’s commas do not end the option', () => {
    const { records } = compileContainer(specOf({ mountLabel: 'a:b:c:s0:c1,c2' }), { ...facts, selinux: true });
    const data = records.flatMap((record) =>
      record.kind === 'mount' && record.type === 'overlay' ? [record.data] : [],
    );
    assert.deepEqual(data, ['lowerdir=1/fs,context="a:b:c:s0:c1,c2"']);
  });

  test('with a user namespace the shim opens the tree, before it joins, and the process attaches it', () => {
    const uidMappings = [{ containerID: 0, hostID: 1000, size: 10 }];
    const namespaces: LinuxSpec['namespaces'] = [{ type: 'mount' }, { type: 'user', path: '/proc/7/ns/user' }];
    const spec = specOf({ namespaces, uidMappings, gidMappings: uidMappings });
    const { records } = compileContainer(spec, { ...facts, rootTree: '/var/lib/berth/mounts/c1' });
    const kinds = records.map(({ kind }) => kind);
    const opened = records.find((record) => record.kind === 'tree_open');
    assert.equal(opened?.source, '/var/lib/berth/mounts/c1');
    assert.ok(kinds.indexOf('tree_open') < kinds.indexOf('join_early'));
    const places = records.flatMap((record) => (record.kind === 'root_open' ? [record.path] : []));
    assert.deepEqual(places, ['/', '/sys']);
    assert.ok(!records.some((record) => record.kind === 'mount' && record.type === 'overlay'));
  });

  test('a folder of the root itself is bound before the root is closed', () => {
    const mounts = [{ destination: '/kept', type: 'self', source: 'self' }];
    const spec = { ...specOf({}), mounts, root: { path: '/unused', readonly: true } };
    const { records } = compileContainer(spec, facts);
    const own = records.findIndex((record) => record.kind === 'mount' && record.source === '/kept');
    const kinds = records.map(({ kind }) => kind);
    assert.ok(kinds.indexOf('pivot_root') < own && own < kinds.indexOf('root_attributes'));
  });
});
