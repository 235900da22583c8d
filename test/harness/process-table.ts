import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Places } from './engine.ts';

export interface ProcessEntry {
  readonly pid: number;
  /** With the start time a pid is never mistaken for a later one. */
  readonly key: string;
  readonly command: string;
  readonly cgroups: string;
  /** Its mounts, when its mount namespace is not ours. */
  readonly foreignMounts: string;
}

/** All processes; one that ends while it is looked at is left out. */
export function processTable(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [readEntry(Number(name))];
      } catch {
        return [];
      }
    });
}

/**
 * Processes of an engine: its daemon, launcher and shims name its folder, the rest is in its cgroups; one that never
 * got there, or got out, still has its files mounted.
 */
export function processesOf(places: Places): ProcessEntry[] {
  return processTable().filter(
    ({ pid, command, cgroups, foreignMounts }) =>
      pid !== process.pid &&
      (command.includes(places.run) ||
        cgroups.split('\n').some((line) => isInside(line, places.cgroupParent)) ||
        foreignMounts.includes(`${places.root}/containers/`)),
  );
}

/** Lines of /proc/PID/cgroup read `4:memory:/parent/child`. */
function isInside(line: string, parent: string): boolean {
  const folder = line.split(':').slice(2).join(':');
  return folder === parent || folder.startsWith(`${parent}/`);
}

function readEntry(pid: number): ProcessEntry {
  const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8');
  const stat = read('stat');
  // The name is in brackets and may hold anything; the start time is field 22.
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  const command =
    read('cmdline').replaceAll('\0', ' ').trim() || stat.slice(stat.indexOf('('), stat.lastIndexOf(')') + 1);
  const isForeign = readlinkSync(`/proc/${pid}/ns/mnt`) !== readlinkSync('/proc/self/ns/mnt');
  const foreignMounts = isForeign ? read('mountinfo') : '';
  return { pid, key: `${pid}@${started}`, command, cgroups: read('cgroup'), foreignMounts };
}
