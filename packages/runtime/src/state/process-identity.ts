import { readFileSync } from 'node:fs';
import { errnoName } from '@berth/model/error';

/** A process for certain: its number, and when it began (clock ticks since boot), so that a reused number is another. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: number;
}

export interface ProcessStat {
  /** `R`, `S`, `Z` and so on, proc_pid_stat(5). */
  readonly state: string;
  readonly startTime: number;
}

/** Undefined when there is no such process. */
export function processStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(errnoName(error) ?? '')) return undefined;
    throw error;
  }
  // The name in parentheses may hold anything, parentheses too.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0]!, startTime: Number(fields[19]) };
}

/** The identity of a process that is there; undefined when it is not. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = processStat(pid);
  return stat === undefined ? undefined : { pid, startTime: stat.startTime };
}

/** Whether that very process lives. One that has ended and was not yet waited for does not. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  if (pid <= 0) return false;
  const stat = processStat(pid);
  return stat !== undefined && stat.startTime === startTime && !['Z', 'X'].includes(stat.state);
}
