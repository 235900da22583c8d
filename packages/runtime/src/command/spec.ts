import { resolve } from 'node:path';
import { detectCgroups } from '../cgroup/detect.ts';
import { writeTemplate } from '../template/write.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

export function run({ flags }: Invocation<FlagsOf<'spec'>>): number {
  const ids = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  writeTemplate(resolve(flags.bundle), {
    cgroupVersion: detectCgroups().version,
    ...(flags.rootless ? { rootless: ids } : {}),
  });
  return 0;
}
