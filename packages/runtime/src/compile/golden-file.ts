import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseCgroupLayout } from '../cgroup/detect.ts';
import { printPlan } from '../explain/print.ts';
import type { Plan } from '../plan/record.ts';

/** For tests: a plan must print as `golden/NAME.txt`, which UPDATE_GOLDEN=1 writes anew. */
export function checkGolden(name: string, plan: Plan): void {
  const file = new URL(`golden/${name}.txt`, import.meta.url);
  const printed = printPlan(plan);
  if (process.env.UPDATE_GOLDEN) writeFileSync(file, printed);
  assert.equal(printed, readFileSync(file, 'utf8'), `run with UPDATE_GOLDEN=1 if golden/${name}.txt is to change`);
}

const hierarchy = (name: string, options = name) =>
  `30 25 0:30 / /sys/fs/cgroup/${name} rw,nosuid - cgroup cgroup rw,${options}\n`;

/** The cgroups of a v1 host, and of a v2 one. */
export const v1 = parseCgroupLayout(
  hierarchy('cpu,cpuacct') +
    hierarchy('cpuset') +
    hierarchy('memory') +
    hierarchy('devices') +
    hierarchy('freezer') +
    hierarchy('pids') +
    hierarchy('systemd', 'xattr,name=systemd'),
);
export const v2 = parseCgroupLayout(
  '30 25 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n',
  'cpuset cpu io memory hugetlb pids rdma misc\n',
);
