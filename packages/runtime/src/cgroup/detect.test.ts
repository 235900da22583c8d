import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseCgroupLayout } from './detect.ts';
import { cgroupFolders, hierarchyOf, hierarchyOptions } from './layout.ts';

// Recorded from machines: Debian 12 with hybrid cgroups, CentOS 7, Ubuntu 24.04.
const hybrid = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;
const joined = `25 18 0:21 / /sys/fs/cgroup ro,nosuid,nodev,noexec shared:8 - tmpfs tmpfs ro,mode=755
26 25 0:22 / /sys/fs/cgroup/systemd rw,nosuid,nodev,noexec,relatime shared:9 - cgroup cgroup rw,xattr,release_agent=/usr/lib/systemd/systemd-cgroups-agent,name=systemd
29 25 0:25 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid,nodev,noexec,relatime shared:10 - cgroup cgroup rw,cpuacct,cpu
30 25 0:26 / /sys/fs/cgroup/cpuset rw,nosuid,nodev,noexec,relatime shared:11 - cgroup cgroup rw,cpuset,clone_children
90 25 0:26 / /var/lib/lxcfs/cpuset rw,nosuid,nodev,noexec,relatime - cgroup cgroup rw,cpuset
`;
const unified = `35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot
36 24 0:31 / /sys/fs/pstore rw,nosuid,nodev,noexec,relatime shared:10 - pstore pstore rw
`;

describe('the layout of cgroups', () => {
  test('hybrid machines are v1, with their unified hierarchy known', () => {
    const layout = parseCgroupLayout(hybrid);
    assert.equal(layout.version, 1);
    assert.equal(layout.unified, '/sys/fs/cgroup/unified');
    assert.equal(hierarchyOf(layout, 'memory')?.mountPoint, '/sys/fs/cgroup/memory');
    assert.deepEqual(cgroupFolders(layout, '/berth/x').at(-1), '/sys/fs/cgroup/systemd/berth/x');
  });

  test('controllers mounted together are one hierarchy, and a second mount of it is not another', () => {
    const layout = parseCgroupLayout(joined);
    assert.equal(layout.hierarchies.length, 3);
    assert.equal(hierarchyOf(layout, 'cpuacct'), hierarchyOf(layout, 'cpu'));
    assert.deepEqual(hierarchyOptions(layout.hierarchies[0]!), ['none', 'name=systemd']);
    assert.equal(hierarchyOf(layout, 'cpuset')?.mountPoint, '/sys/fs/cgroup/cpuset');
  });

  test('v2 has its controllers from cgroup.controllers', () => {
    const layout = parseCgroupLayout(unified, 'cpuset cpu io memory pids\n');
    assert.equal(layout.version, 2);
    assert.deepEqual(layout.controllers, ['cpuset', 'cpu', 'io', 'memory', 'pids']);
    assert.deepEqual(cgroupFolders(layout, '/berth/x'), ['/sys/fs/cgroup/berth/x']);
  });

  test('a v2 machine with a leftover named hierarchy is v2', () => {
    const named = '26 25 0:22 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n';
    assert.equal(parseCgroupLayout(named + unified).version, 2);
  });

  test('mount points may have spaces', () => {
    const odd = '1 0 0:1 / /a\\040b rw - cgroup cgroup rw,memory\n';
    assert.equal(parseCgroupLayout(odd).hierarchies[0]?.mountPoint, '/a b');
  });

  test('a machine without cgroups is told so', () => {
    assert.throws(() => parseCgroupLayout(''), { kind: 'failed_precondition', code: 'no_cgroups' });
  });
});
