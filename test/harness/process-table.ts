import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Places } from './engine.ts';

export interface ProcessEntry {
  readonly pid: number;
  /** With the start time a pid is never mistaken for a later one. */
  readonly key: string;
  readonly command: string;
  readonly cgroups: string;
  /** Its network namespace, `net:[4026531840]`. */
  readonly network: string;
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

/** Processes of an engine: its daemon and launcher and shims name its folder, the rest is in its cgroups. */
export function processesOf(places: Places): ProcessEntry[] {
  return processTable().filter(
    ({ pid, command, cgroups }) =>
      pid !== process.pid &&
      (command.includes(places.run) || cgroups.split('\n').some((line) => isInside(line, places.cgroupParent))),
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
  return {
    pid,
    key: `${pid}@${started}`,
    command,
    cgroups: read('cgroup'),
    network: readlinkSync(`/proc/${pid}/ns/net`),
  };
}
