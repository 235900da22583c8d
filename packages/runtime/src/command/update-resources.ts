import { BerthError } from '@berth/model/error';
import type { ResourcesSpec } from '@berth/model/runtime-spec';
import type { CacheChange } from '../launch/cache-share.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

type Update = Pick<Invocation<FlagsOf<'update'>>, 'flags' | 'given'>;

/** The limits that flags name, and no others. @throws invalid_argument */
export function resourcesOfFlags({ flags, given }: Update): ResourcesSpec {
  const number = (name: keyof FlagsOf<'update'>) => (given.has(name) ? amount(name, String(flags[name])) : undefined);
  const memory = compact({
    limit: number('memory'),
    reservation: number('memory-reservation'),
    swap: number('memory-swap'),
    kernelTCP: number('kernel-memory-tcp'),
  });
  const cpu = compact({
    shares: number('cpu-share'),
    quota: number('cpu-quota'),
    burst: number('cpu-burst'),
    period: number('cpu-period'),
    realtimeRuntime: number('cpu-rt-runtime'),
    realtimePeriod: number('cpu-rt-period'),
    cpus: given.has('cpuset-cpus') ? flags['cpuset-cpus'] : undefined,
    mems: given.has('cpuset-mems') ? flags['cpuset-mems'] : undefined,
    idle: number('cpu-idle'),
  });
  const weight = number('blkio-weight');
  const limit = number('pids-limit');
  return {
    ...(memory === undefined ? {} : { memory }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(weight === undefined ? {} : { blockIO: { weight } }),
    ...(limit === undefined ? {} : { pids: { limit } }),
  };
}

/** The lines for resctrl that flags name; undefined for none. */
export function cacheChange({ flags, given }: Update): CacheChange | undefined {
  return compact({
    l3CacheSchema: given.has('l3-cache-schema') ? flags['l3-cache-schema'] : undefined,
    memBwSchema: given.has('mem-bw-schema') ? flags['mem-bw-schema'] : undefined,
  });
}

/** What is in force after an update: what it does not name stays. */
export function mergeResources(before: ResourcesSpec, asked: ResourcesSpec): ResourcesSpec {
  return {
    ...before,
    ...asked,
    ...(before.memory || asked.memory ? { memory: { ...before.memory, ...asked.memory } } : {}),
    ...(before.cpu || asked.cpu ? { cpu: { ...before.cpu, ...asked.cpu } } : {}),
    ...(before.blockIO || asked.blockIO ? { blockIO: { ...before.blockIO, ...asked.blockIO } } : {}),
  };
}

/** Undefined when nothing is left. */
function compact<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } | undefined {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined);
  return kept.length === 0 ? undefined : (Object.fromEntries(kept) as { [K in keyof T]?: Exclude<T[K], undefined> });
}

const units: Readonly<Record<string, number>> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40, p: 2 ** 50 };

/** A number, or for memory also one with a unit: `512m`, `1GiB`. */
function amount(name: string, text: string): number {
  const match = /^(-?\d+(?:\.\d+)?)([kmgtp]?)(i?b)?$/i.exec(text.trim());
  const unit = match?.[2]?.toLowerCase() || 'b';
  const value = match === null ? Number.NaN : Math.floor(Number(match[1]) * units[unit]!);
  const sized = match !== null && (match[2] !== '' || match[3] !== undefined);
  if (Number.isSafeInteger(value) && (!sized || name.startsWith('memory'))) return value;
  throw new BerthError('invalid_argument', `invalid value for ${name}: ${JSON.stringify(text)}`, { code: 'bad_flag' });
}
