import { strict as assert } from 'node:assert';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Box } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';
import { bind, tmpfs } from '../suite/spec.ts';

/** A folder of the host with a file `hello`. */
function hostFolder(box: Box, name = 'host'): string {
  const folder = path.join(box.folder, name);
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'hello'), 'from the host');
  return folder;
}

const mountinfo = 'read /proc/self/mountinfo';

export const cases: readonly Case[] = [
  {
    name: 'a bind mount shows a folder of the host and can be written',
    spec: (spec, box) => void spec.mounts.push(bind(hostFolder(box), '/mnt')),
    probe: ['read /mnt/hello', 'open /mnt/new create'],
    expect: (seen, box) => {
      assert.equal(seen.of('read /mnt/hello'), 'from the host');
      assert.ok(existsSync(path.join(box.folder, 'host/new')));
    },
  },
  {
    name: 'a bind mount of a file makes its target',
    spec: (spec, box) => void spec.mounts.push(bind(path.join(hostFolder(box), 'hello'), '/a/new/file')),
    probe: ['read /a/new/file'],
    expect: (seen) => assert.equal(seen.of('read /a/new/file'), 'from the host'),
  },
  {
    name: 'the folders on the way to a target are made',
    spec: (spec) => void spec.mounts.push(tmpfs('/one/two/three')),
    probe: [mountinfo],
    expect: (seen) => assert.equal(seen.mount('/one/two/three').type, 'tmpfs'),
  },
  {
    name: 'mounts are made in the order of the list',
    spec: (spec, box) => void spec.mounts.push(tmpfs('/mnt'), bind(hostFolder(box), '/mnt/inner')),
    probe: ['read /mnt/inner/hello', mountinfo],
    expect: (seen) => assert.equal(seen.of('read /mnt/inner/hello'), 'from the host'),
  },
  {
    name: 'a later mount hides an earlier one',
    spec: (spec, box) => void spec.mounts.push(bind(hostFolder(box), '/mnt'), tmpfs('/mnt')),
    probe: ['list /mnt'],
    expect: (seen) => assert.deepEqual(seen.of('list /mnt'), []),
  },
  {
    name: 'a bind without rbind leaves out what is mounted below',
    spec: (spec, box) => {
      const folder = hostFolder(box);
      mkdirSync(path.join(folder, 'inner'));
      spec.mounts.push({ ...bind(folder, '/mnt'), options: ['bind'] });
    },
    probe: ['list /mnt', mountinfo],
    expect: (seen) => {
      assert.deepEqual(seen.of<string[]>('list /mnt').toSorted(), ['hello', 'inner']);
      assert.equal(seen.mounts.filter(({ target }) => target.startsWith('/mnt')).length, 1);
    },
  },
  {
    name: 'a relative bind source is relative to the bundle',
    spec: (spec, box) => {
      mkdirSync(path.join(box.bundle, 'data'));
      writeFileSync(path.join(box.bundle, 'data/x'), 'in the bundle');
      spec.mounts.push(bind('data', '/mnt'));
    },
    probe: ['read /mnt/x'],
    expect: (seen) => assert.equal(seen.of('read /mnt/x'), 'in the bundle'),
  },
  {
    name: 'a symlink as bind source is followed on the host',
    spec: (spec, box) => {
      symlinkSync(hostFolder(box), path.join(box.folder, 'link'));
      spec.mounts.push(bind(path.join(box.folder, 'link'), '/mnt'));
    },
    probe: ['read /mnt/hello'],
    expect: (seen) => assert.equal(seen.of('read /mnt/hello'), 'from the host'),
  },
  {
    name: 'a symlink on the way to a target is followed inside the root',
    spec: (spec, box) => {
      mkdirSync(path.join(box.rootfs, 'real'));
      symlinkSync('/real', path.join(box.rootfs, 'link'));
      spec.mounts.push(bind(hostFolder(box), '/link/sub'));
    },
    probe: ['read /real/sub/hello'],
    expect: (seen) => assert.equal(seen.of('read /real/sub/hello'), 'from the host'),
  },
  {
    name: 'a symlink that climbs above the root stays below it',
    spec: (spec, box) => {
      symlinkSync('../../../../../climbed', path.join(box.rootfs, 'link'));
      spec.mounts.push(tmpfs('/link'));
    },
    probe: [mountinfo],
    expect: (seen) => {
      assert.equal(seen.mount('/climbed').type, 'tmpfs');
      assert.ok(!existsSync('/climbed'));
    },
  },
  {
    name: 'dots in a target stay below the root',
    spec: (spec) => void spec.mounts.push(tmpfs('/work/../../../dotted')),
    probe: [mountinfo],
    expect: (seen) => assert.equal(seen.mount('/dotted').type, 'tmpfs'),
  },
  {
    name: 'a relative target is relative to the root',
    spec: (spec) => void spec.mounts.push(tmpfs('mnt')),
    probe: [mountinfo],
    expect: (seen) => assert.equal(seen.mount('/mnt').type, 'tmpfs'),
  },
  {
    name: 'an unknown option goes to the file system',
    since: '1.5',
    spec: (spec) => void spec.mounts.push(tmpfs('/mnt', ['size=4096k', 'nr_inodes=77', 'uid=7', 'mode=750'])),
    probe: [mountinfo, 'stat /mnt'],
    expect: (seen) => {
      const { superOptions } = seen.mount('/mnt');
      for (const option of ['size=4096k', 'nr_inodes=77']) assert.ok(superOptions.includes(option), option);
      assert.equal(seen.of<{ uid: number }>('stat /mnt').uid, 7);
      assert.equal(seen.of<{ mode: number }>('stat /mnt').mode, 0o750);
    },
  },
  {
    name: 'a tmpfs has the mode of the folder that it covers',
    spec: (spec) => void spec.mounts.push(tmpfs('/tmp')),
    probe: ['stat /tmp'],
    expect: (seen) => assert.equal(seen.of<{ mode: number }>('stat /tmp').mode, 0o1777),
  },
  {
    name: 'an overlay is mounted with its folders',
    needs: ['overlay'],
    spec: (spec, box) => {
      const lower = hostFolder(box, 'lower');
      const [upper, work] = ['upper', 'workdir'].map((name) => path.join(box.folder, name));
      for (const folder of [upper!, work!]) mkdirSync(folder);
      const options = [`lowerdir=${lower}`, `upperdir=${upper}`, `workdir=${work}`];
      spec.mounts.push({ destination: '/mnt', type: 'overlay', source: 'overlay', options });
    },
    probe: ['read /mnt/hello', 'open /mnt/new create'],
    expect: (seen, box) => {
      assert.equal(seen.of('read /mnt/hello'), 'from the host');
      assert.ok(existsSync(path.join(box.folder, 'upper/new')));
    },
  },
  {
    name: 'the links of /dev are made',
    probe: ['stat /dev/fd', 'stat /dev/stdin', 'stat /dev/stdout', 'stat /dev/stderr', 'stat /dev/ptmx'],
    expect: (seen) => {
      const link = (name: string) => seen.of<{ link?: string }>(`stat /dev/${name}`).link;
      assert.equal(link('fd'), '/proc/self/fd');
      assert.deepEqual(
        ['stdin', 'stdout', 'stderr'].map(link),
        [0, 1, 2].map((fd) => `/proc/self/fd/${fd}`),
      );
      assert.match(link('ptmx') ?? '', /pts\/ptmx$/);
    },
  },
  {
    name: 'mqueue and devpts are mounted with their options',
    probe: [mountinfo, 'stat /dev/pts/ptmx'],
    expect: (seen) => {
      assert.equal(seen.mount('/dev/mqueue').type, 'mqueue');
      assert.equal(seen.mount('/dev/pts').type, 'devpts');
      assert.equal(seen.of<{ mode: number }>('stat /dev/pts/ptmx').mode, 0o666);
    },
  },
  {
    name: 'proc shows the processes of the container only',
    probe: ['list /proc'],
    expect: (seen) =>
      assert.deepEqual(
        seen.of<string[]>('list /proc').filter((name) => /^\d+$/.test(name)),
        ['1'],
      ),
  },
  {
    name: 'a mount of cgroup shows the own cgroup read-only',
    needs: ['cgroup v1'],
    spec: (spec) => {
      spec.mounts.push({
        destination: '/sys/fs/cgroup',
        type: 'cgroup',
        source: 'cgroup',
        options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
      });
      spec.linux.resources.pids = { limit: 123 };
    },
    probe: [
      mountinfo,
      'read /sys/fs/cgroup/pids/pids.max',
      'write /sys/fs/cgroup/pids/pids.max 5',
      'mkdir /sys/fs/cgroup/pids/x',
    ],
    expect: (seen) => {
      assert.equal(seen.of('read /sys/fs/cgroup/pids/pids.max'), '123\n');
      assert.equal(seen.of('write /sys/fs/cgroup/pids/pids.max 5'), 'EROFS');
      assert.equal(seen.of('mkdir /sys/fs/cgroup/pids/x'), 'EROFS');
      assert.equal(seen.mount('/sys/fs/cgroup').type, 'tmpfs');
    },
  },
  {
    name: 'a mount of cgroup in a cgroup namespace can be written when it is not read-only',
    needs: ['cgroup v1'],
    spec: (spec) => {
      spec.linux.namespaces.push({ type: 'cgroup' });
      spec.mounts.push({ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['nosuid', 'rw'] });
    },
    probe: ['mkdir /sys/fs/cgroup/pids/inner', 'remove /sys/fs/cgroup/pids/inner'],
    expect: (seen) => assert.equal(seen.of('mkdir /sys/fs/cgroup/pids/inner'), 'ok'),
  },
  {
    name: 'the mounts of the container are not seen on the host',
    spec: (spec) => void spec.mounts.push(tmpfs('/mnt')),
    run: async (box) => {
      await box.start();
      assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(`${box.rootfs}/mnt`));
      assert.equal(statSync(path.join(box.rootfs, 'mnt')).mode & 0o777, 0o755);
    },
  },
  {
    name: 'a bind source that does not exist is refused',
    spec: (spec, box) => void spec.mounts.push(bind(path.join(box.folder, 'absent'), '/mnt')),
    run: refused(/absent/),
  },
  {
    name: 'a file system that does not exist is refused',
    spec: (spec) => void spec.mounts.push({ destination: '/mnt', type: 'no-such-type', source: 'none' }),
    run: refused(/no such device|no-such-type|ENODEV/),
  },
  {
    name: 'a mount of the host over /proc is refused',
    spec: (spec, box) => void spec.mounts.push(bind(hostFolder(box), '/proc')),
    run: refused(/\/proc/),
  },
  {
    name: 'a mount on a file inside /proc is refused',
    spec: (spec, box) => void spec.mounts.push(bind(path.join(hostFolder(box), 'hello'), '/proc/self/attr/current')),
    run: refused(/\/proc/),
  },
  {
    name: 'a file of lxcfs may be mounted over /proc/meminfo',
    spec: (spec, box) => void spec.mounts.push(bind(path.join(hostFolder(box), 'hello'), '/proc/meminfo')),
    probe: ['read /proc/meminfo'],
    expect: (seen) => assert.equal(seen.of('read /proc/meminfo'), 'from the host'),
  },
];
