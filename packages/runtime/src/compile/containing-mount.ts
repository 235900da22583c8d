import { readFileSync } from 'node:fs';
import { isBelow, unescapeMountPath } from './mount-path.ts';

/**
 * The mount point that holds a path, by the text of /proc/self/mountinfo: what `HostFacts.rootParent`
 * wants. The last of equal length is the one on top.
 */
export function containingMount(path: string, mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): string {
  let best = '/';
  for (const line of mountinfo.split('\n')) {
    const mountPoint = unescapeMountPath(line.split(' ')[4] ?? '');
    const holds = mountPoint === path || mountPoint === '/' || isBelow(mountPoint, path);
    if (mountPoint !== '' && holds && mountPoint.length >= best.length) best = mountPoint;
  }
  return best;
}
