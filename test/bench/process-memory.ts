import { readFileSync } from 'node:fs';

/** MiB of a line such as `Pss:  123 kB` in a file below /proc/PID. */
function field(pid: number, file: string, name: string): number {
  const line = readFileSync(`/proc/${pid}/${file}`, 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  if (line === undefined) throw new Error(`no ${name} in /proc/${pid}/${file}`);
  return Number(line.replaceAll(/\D/g, '')) / 1024;
}

/** Proportional set size: shared pages count in parts. */
export const proportional = (pid: number): number => field(pid, 'smaps_rollup', 'Pss');

export const resident = (pid: number): number => field(pid, 'status', 'VmRSS');

/** The most that was ever resident. */
export const peakResident = (pid: number): number => field(pid, 'status', 'VmHWM');
