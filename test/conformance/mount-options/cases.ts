import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import type { Box } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';
import { bind, tmpfs } from '../suite/spec.ts';

const mountinfo = 'read /proc/self/mountinfo';

/** What mountinfo must, and must not, say of a tmpfs and of a bind mount with an option. */
const shown: readonly (readonly [option: string, flag: string, isThere?: false])[] = [
  ['ro', 'ro'],
  ['rw', 'rw'],
  ['nosuid', 'nosuid'],
  ['suid', 'nosuid', false],
  ['nodev', 'nodev'],
  ['noexec', 'noexec'],
  ['noatime', 'noatime'],
  ['nodiratime', 'nodiratime'],
  ['relatime', 'relatime'],
  ['nosymfollow', 'nosymfollow'],
];

const plain = shown.flatMap(([option, flag, isThere = true]): Case[] =>
  [
    (box: Box) => void box.spec.mounts.push(tmpfs('/mnt', [option])),
    (box: Box) => void box.spec.mounts.push(bind(box.bundle, '/mnt', option)),
  ].map((add, index) => ({
    name: `${option} on a ${index === 0 ? 'tmpfs' : 'bind mount'}`,
    ...(option === 'nosymfollow' ? { since: '1.2' as const } : {}),
    spec: (_, box) => add(box),
    probe: [mountinfo],
    expect: (seen) => assert.equal(seen.mount('/mnt').options.includes(flag), isThere),
  })),
);

/** The recursive options reach what is mounted below the source of the bind. */
const recursive: readonly (readonly [option: string, flag: string])[] = [
  ['rro', 'ro'],
  ['rnosuid', 'nosuid'],
  ['rnodev', 'nodev'],
  ['rnoexec', 'noexec'],
  ['rnoatime', 'noatime'],
  ['rnosymfollow', 'nosymfollow'],
];

async function withInner(box: Box, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = path.join(box.folder, 'outer');
  mkdirSync(path.join(folder, 'inner'), { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', 'inner', path.join(folder, 'inner')]);
  try {
    await use(folder);
  } finally {
    execFileSync('umount', [path.join(folder, 'inner')]);
  }
}

const deep = recursive.map(([option, flag]): Case => ({
  name: `${option} reaches the mounts below`,
  run: (box) =>
    withInner(box, async (folder) => {
      box.spec.mounts.push(bind(folder, '/mnt', option));
      const seen = await box.probe([mountinfo]);
      for (const target of ['/mnt', '/mnt/inner'])
        assert.ok(seen.mount(target).options.includes(flag), `${target} is not ${flag}`);
    }),
}));

export const cases: readonly Case[] = [
  ...plain,
  ...deep,
  {
    name: 'ro does not reach the mounts below',
    run: (box) =>
      withInner(box, async (folder) => {
        box.spec.mounts.push(bind(folder, '/mnt', 'ro'));
        const seen = await box.probe(['open /mnt/x create', 'open /mnt/inner/x create']);
        assert.equal(seen.of('open /mnt/x create'), 'EROFS');
        assert.equal(seen.of('open /mnt/inner/x create'), 'ok');
      }),
  },
  {
    name: 'a read-only bind mount leaves its source as it is',
    spec: (spec, box) => {
      mkdirSync(path.join(box.folder, 'x'));
      spec.mounts.push(bind(path.join(box.folder, 'x'), '/mnt', 'ro'), bind(path.join(box.folder, 'x'), '/work'));
    },
    probe: ['open /mnt/a create', 'open /work/a create'],
    expect: (seen) => {
      assert.equal(seen.of('open /mnt/a create'), 'EROFS');
      assert.equal(seen.of('open /work/a create'), 'ok');
    },
  },
  {
    name: 'nosuid takes the set-user-id bit away',
    spec: (spec, box) => {
      const folder = path.join(box.folder, 'suid');
      mkdirSync(folder);
      copyFileSync(path.join(box.rootfs, 'probe'), path.join(folder, 'probe'));
      chmodSync(path.join(folder, 'probe'), 0o4755);
      spec.mounts.push(bind(folder, '/mnt', 'nosuid'), bind(folder, '/work'));
      spec.process.user = { uid: 1000, gid: 1000 };
    },
    run: async (box) => {
      const tell = 'probe "read /proc/self/status"';
      box.spec.process.args = ['/bin/sh', '-c', `/mnt/${tell}; /work/${tell}`];
      const effective = (await box.run()).stdout.matchAll(/Uid:\\u0009\d+\\u0009(\d+)/g);
      assert.deepEqual(
        [...effective].map(([, uid]) => uid),
        ['1000', '0'],
      );
    },
  },
  {
    name: 'noexec forbids to run what is there',
    spec: (spec, box) => {
      const folder = path.join(box.folder, 'x');
      mkdirSync(folder);
      copyFileSync('/bin/busybox', path.join(folder, 'true'));
      spec.mounts.push(bind(folder, '/mnt', 'noexec'), bind(folder, '/work'));
    },
    probe: ['run /mnt/true', 'run /work/true'],
    expect: (seen) => {
      assert.equal(seen.of<number>('run /mnt/true'), 13);
      assert.equal(seen.of<number>('run /work/true'), 0);
    },
  },
  {
    name: 'nodev makes devices useless',
    spec: (spec) => {
      spec.mounts.push(tmpfs('/mnt', ['nodev']), tmpfs('/work', ['dev']));
    },
    probe: ['mknod /mnt/null c 1 3', 'open /mnt/null r', 'mknod /work/null c 1 3', 'open /work/null r'],
    expect: (seen) => {
      assert.equal(seen.of('open /mnt/null r'), 'EACCES');
      assert.equal(seen.of('open /work/null r'), 'ok');
    },
  },
  {
    name: 'nosymfollow stops at symbolic links',
    since: '1.2',
    spec: (spec, box) => {
      const folder = path.join(box.folder, 'x');
      mkdirSync(folder);
      symlinkSync('/work/file', path.join(folder, 'link'));
      spec.mounts.push(bind(folder, '/mnt', 'nosymfollow'));
    },
    probe: ['open /mnt/link r'],
    expect: (seen) => assert.equal(seen.of('open /mnt/link r'), 'ELOOP'),
  },
  {
    name: 'remount changes a mount that was there before',
    spec: (spec, box) => {
      spec.mounts.push(bind(box.bundle, '/mnt'));
      spec.mounts.push({ destination: '/mnt', type: 'bind', source: box.bundle, options: ['bind', 'remount', 'ro'] });
    },
    probe: [mountinfo],
    expect: (seen) => assert.ok(seen.mount('/mnt').options.includes('ro')),
  },
  {
    name: 'the last of contradicting options counts',
    spec: (spec) => void spec.mounts.push(tmpfs('/mnt', ['ro', 'noexec', 'rw', 'exec'])),
    probe: [mountinfo],
    expect: (seen) => {
      assert.ok(seen.mount('/mnt').options.includes('rw'));
      assert.ok(!seen.mount('/mnt').options.includes('noexec'));
    },
  },
  {
    name: 'the proc of the container is mounted with its options',
    spec: (spec) => void (spec.mounts[0]!.options = ['nosuid', 'noexec', 'nodev', 'hidepid=2']),
    probe: [mountinfo],
    expect: (seen) => {
      const { options, superOptions } = seen.mount('/proc');
      for (const flag of ['nosuid', 'noexec', 'nodev']) assert.ok(options.includes(flag), flag);
      assert.ok(superOptions.some((option) => option.startsWith('hidepid=')));
    },
  },
];
