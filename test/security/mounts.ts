import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Seen } from '../conformance/suite/seen.ts';
import { bind, tmpfs } from '../conformance/suite/spec.ts';
import { type Attempt, Swapper } from './attack.ts';

const rounds = 12;
const mountinfo = 'read /proc/self/mountinfo';

/** Mounts of the user in places where the runtime itself writes or trusts what it reads. */
const trusted = ['/proc', '/proc/self', '/proc/self/attr', '/proc/sys', '/proc/1/ns', '/proc/thread-self/attr'];

const overProc = trusted.map((destination): Attempt => ({
  name: `a volume is mounted on ${destination}`,
  run: async (runtime, armoury) => {
    await using box = armoury.box(runtime);
    const volume = path.join(box.folder, 'volume');
    mkdirSync(path.join(volume, 'net/ipv4'), { recursive: true });
    writeFileSync(path.join(volume, 'net/ipv4/ip_forward'), 'untouched');
    box.spec.mounts.push(bind(volume, destination));
    box.spec.process.args = ['/probe', 'cwd'];
    const { code } = await box.run();
    return code === 0 ? `it runs with a volume on ${destination}` : undefined;
  },
}));

export const mountAttempts: readonly Attempt[] = [
  ...overProc,
  {
    name: '/proc of the image is a link',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      rmSync(path.join(box.rootfs, 'proc'), { recursive: true });
      symlinkSync('/work', path.join(box.rootfs, 'proc'));
      box.spec.process.args = ['/probe', 'stat /work/self', 'cwd'];
      const { code, stdout } = await box.run();
      if (code !== 0) return undefined;
      return new Seen(stdout).of<unknown>('stat /work/self') === 'ENOENT'
        ? undefined
        : 'proc is mounted where the link leads';
    },
  },
  {
    name: '/sys of the image is a link',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      rmSync(path.join(box.rootfs, 'sys'), { recursive: true });
      symlinkSync('/work', path.join(box.rootfs, 'sys'));
      box.spec.process.args = ['/probe', 'stat /work/kernel'];
      const { code, stdout } = await box.run();
      if (code !== 0) return undefined;
      return new Seen(stdout).of<unknown>('stat /work/kernel') === 'ENOENT'
        ? undefined
        : 'sysfs is mounted where the link leads';
    },
  },
  {
    name: 'a target of a mount is a link of the image to a folder of the host',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      const victim = path.join(box.folder, 'victim');
      mkdirSync(victim);
      symlinkSync(victim, path.join(box.rootfs, 'data'));
      box.spec.mounts.push(tmpfs('/data'), tmpfs('/data/made/deep'));
      box.spec.process.args = ['/probe', mountinfo];
      const { code, stdout } = await box.run();
      if (readdirSync(victim).length > 0) return `folders were made on the host: ${readdirSync(victim).join(' ')}`;
      if (code !== 0) return undefined;
      return new Seen(stdout).mounts.some(({ target }) => target === victim)
        ? undefined
        : 'the mount is not below the root';
    },
  },
  {
    name: 'CVE-2021-30465: a folder of a shared volume becomes a link while a mount is made in it',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      const volume = path.join(box.folder, 'volume');
      mkdirSync(path.join(volume, 'sub/deep'), { recursive: true });
      symlinkSync('/', path.join(volume, 'root'));
      symlinkSync('../../../../../../../../..', path.join(volume, 'up'));
      renameSync(path.join(volume, 'up'), path.join(volume, 'link'));
      box.spec.mounts.push(bind(volume, '/work/vol'), { ...tmpfs('/work/vol/sub/deep'), source: 'the-marker' });
      box.spec.process.args = ['/probe', mountinfo];
      await using _ = new Swapper(armoury, [path.join(volume, 'sub'), path.join(volume, 'link')]);
      for (let round = 0; round < rounds; round++) {
        const { code, stdout } = await box.run();
        if (code !== 0) continue;
        const made = new Seen(stdout).mounts.filter(({ source }) => source === 'the-marker');
        if (made.length !== 1) return 'the mount went somewhere outside of the root';
      }
      return undefined;
    },
  },
  {
    name: 'a folder of the image becomes a link to the host while a mount is made in it',
    works: 'by luck',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      const victim = path.join(box.folder, 'victim');
      mkdirSync(victim);
      mkdirSync(path.join(box.rootfs, 'data'));
      symlinkSync(victim, path.join(box.rootfs, 'link'));
      box.spec.mounts.push(tmpfs('/data/one/two'), bind('/bin/busybox', '/data/file'));
      box.spec.linux.devices = [
        { path: '/data/device', type: 'c', major: 1, minor: 3, fileMode: 0o666, uid: 0, gid: 0 },
      ];
      box.spec.process.args = ['/probe', 'cwd'];
      await using _ = new Swapper(armoury, [path.join(box.rootfs, 'data'), path.join(box.rootfs, 'link')]);
      for (let round = 0; round < rounds; round++) {
        await box.run();
        if (readdirSync(victim).length > 0) return `on the host was made: ${readdirSync(victim).join(' ')}`;
      }
      return undefined;
    },
  },
];
