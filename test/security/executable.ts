import { copyFileSync, writeFileSync, chmodSync } from 'node:fs';
import path from 'node:path';
import { grant } from '../conformance/suite/spec.ts';
import type { Attempt } from './attack.ts';

interface Hunt {
  readonly met: number;
  readonly written: number;
}

const milliseconds = 2500;

function hunting(name: string, capabilities: string[]): Attempt {
  return {
    name,
    run: async (runtime, armoury) => {
      await using box = armoury.box(runtime);
      copyFileSync(armoury.program('hunt'), path.join(box.rootfs, 'hunt'));
      // An interpreter that leads back to the runtime's own file, which then runs inside.
      writeFileSync(path.join(box.rootfs, 'back'), '#!/proc/self/exe\n');
      chmodSync(path.join(box.rootfs, 'back'), 0o755);
      grant(box.spec, capabilities);
      await box.start();
      const hunt = box.exec(['/hunt', String(milliseconds)]);
      const until = Date.now() + milliseconds - 400;
      while (Date.now() < until) {
        await box.exec(['/back']);
        await box.exec(['/probe', 'ids']);
      }
      const { met, written } = JSON.parse((await hunt).stdout) as Hunt;
      return written > 0 ? `wrote into a program of the host ${written} times, of ${met} that it met` : undefined;
    },
  };
}

/** CVE-2019-5736: the file of the runtime is written through /proc/PID/exe of the process that comes in by exec. */
export const executableAttempts: readonly Attempt[] = [
  hunting('CVE-2019-5736: the runtime is overwritten by root of a container', []),
  hunting('CVE-2019-5736: the runtime is overwritten by a container that may trace', [
    'CAP_SYS_PTRACE',
    'CAP_DAC_READ_SEARCH',
  ]),
];
