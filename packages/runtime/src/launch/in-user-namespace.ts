import { readFileSync } from 'node:fs';

/** Whether this process is in a user namespace other than the machine's first, which maps all ids to themselves. */
export function isInUserNamespace(map = readFileSync('/proc/self/uid_map', 'utf8')): boolean {
  return map.trim().replace(/\s+/g, ' ') !== '0 0 4294967295';
}
