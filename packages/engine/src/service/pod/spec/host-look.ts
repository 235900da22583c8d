import { existsSync, readFileSync } from 'node:fs';

const unified = '/sys/fs/cgroup/cgroup.controllers';
let known: boolean | undefined;

/** Whether this machine can limit huge pages; it does not change while it runs. */
export function hasHugepageLimits(): boolean {
  known ??= existsSync(unified)
    ? readFileSync(unified, 'utf8').split(/\s+/).includes('hugetlb')
    : existsSync('/sys/fs/cgroup/hugetlb');
  return known;
}
