import { constants } from 'node:os';
import { BerthError } from './error.ts';

/** Linux real-time signals run from SIGRTMIN (34 with glibc) to SIGRTMAX (64), signal(7). */
const realTimeMin = 34;
const realTimeMax = 64;

/**
 * The number of a signal given as `9`, `KILL`, `SIGKILL` or `RTMIN+3`, in any case.
 * @throws invalid_argument (`unknown_signal`)
 */
export function signalNumber(signal: string): number {
  const text = signal.trim().toUpperCase();
  const number = /^\d+$/.test(text) ? Number(text) : namedSignal(text.replace(/^SIG/, ''));
  if (number !== undefined && number >= 1 && number <= realTimeMax) return number;
  throw new BerthError('invalid_argument', `invalid signal: ${signal}`, {
    code: 'unknown_signal',
    hint: 'give a name such as TERM or SIGKILL, or a number from 1 to 64',
  });
}

/** The name with which `kill -l` lists a signal, `SIGTERM`; real-time signals count from RTMIN. */
export function signalName(number: number): string {
  const named = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return named ?? (number === realTimeMin ? 'SIGRTMIN' : `SIGRTMIN+${number - realTimeMin}`);
}

function namedSignal(name: string): number | undefined {
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
  if (realTime === null) return (constants.signals as Readonly<Record<string, number>>)[`SIG${name}`];
  const base = realTime[1] === 'MIN' ? realTimeMin : realTimeMax;
  const number = base + Number(`${realTime[2] ?? '+'}${realTime[3] ?? '0'}`);
  return number >= realTimeMin && number <= realTimeMax ? number : undefined;
}
