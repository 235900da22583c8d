import type { CpuSpec, DeviceRule, Integer64, ResourcesSpec } from '@berth/model/runtime-spec';
import { containerDevices } from '../cgroup/device-rule.ts';
import type { DeviceException } from '../cgroup/device-state.ts';
import { swapMaxOf } from '../cgroup/limit-v2.ts';
import { weightOfShares } from '../cgroup/weight.ts';
import { listBits } from './list-bits.ts';
import type { UnitProperty } from './systemd.ts';
import { variant } from './value.ts';

/** "infinity", as systemd writes it in 64 bits. */
const infinity = 2n ** 64n - 1n;
/** Microseconds; the kernel's default. */
const usualPeriod = 100_000;

export interface SystemdFacts {
  /** Of the machine's cgroups. */
  readonly cgroups: 1 | 2;
  /** Of systemd: 252. */
  readonly version: number;
}

/**
 * Limits as unit properties, systemd.resource-control(5): systemd writes the files of its units anew whenever it likes, so
 * it must know the same limits as the files. What it has no property for is in the files only.
 */
export function resourceProperties(resources: ResourcesSpec, facts: SystemdFacts): UnitProperty[] {
  const found: UnitProperty[] = [];
  const number = (name: string, value: Integer64) => void found.push([name, variant('t', value)]);
  const limit = (name: string, value: Integer64 | undefined) => {
    if (value) number(name, value < 0 ? infinity : value);
  };
  const { memory = {}, pids, blockIO } = resources;
  limit(facts.cgroups === 1 ? 'MemoryLimit' : 'MemoryMax', memory.limit);
  if (facts.cgroups === 2) {
    limit('MemoryLow', memory.reservation);
    const swap = swapMaxOf(memory);
    if (swap !== undefined) number('MemorySwapMax', swap === 'max' ? infinity : swap);
  } else if (blockIO?.weight) number('BlockIOWeight', blockIO.weight);
  found.push(...cpuProperties(resources.cpu ?? {}, facts));
  // 0 is not accepted; with 1 nothing can fork either.
  if (pids !== undefined) number('TasksMax', pids.limit < 0 ? infinity : Math.max(pids.limit, 1));
  return facts.cgroups === 2 ? merged(found, unifiedProperties(resources.unified ?? {}, facts)) : found;
}

function cpuProperties(cpu: CpuSpec, facts: SystemdFacts): UnitProperty[] {
  const found: UnitProperty[] = [];
  const { shares, idle, cpus, mems } = cpu;
  if (facts.cgroups === 1 && shares) found.push(['CPUShares', variant('t', shares)]);
  // A weight of 0 is systemd's word for cpu.idle, since version 252.
  if (facts.cgroups === 2 && idle === 1 && facts.version >= 252) found.push(['CPUWeight', variant('t', 0)]);
  else if (facts.cgroups === 2 && shares) found.push(['CPUWeight', variant('t', weightOfShares(shares))]);
  found.push(...quotaProperties(cpu, facts));
  if (facts.version >= 244) {
    if (cpus) found.push(['AllowedCPUs', variant('ay', listBits(cpus, 'linux.resources.cpu.cpus'))]);
    if (mems) found.push(['AllowedMemoryNodes', variant('ay', listBits(mems, 'linux.resources.cpu.mems'))]);
  }
  return found;
}

/** systemd counts in whole percents of a processor: rounded up, so that the file can have what was asked for. */
function quotaProperties({ quota, period }: CpuSpec, { version }: SystemdFacts): UnitProperty[] {
  if (!quota && !period) return [];
  const percent = quota && quota > 0 ? Math.ceil((quota * 100) / (period || usualPeriod)) : undefined;
  return [
    ...(period && version >= 242 ? [['CPUQuotaPeriodUSec', variant('t', period)] as const] : []),
    ['CPUQuotaPerSecUSec', variant('t', percent === undefined ? infinity : percent * 10_000)],
  ];
}

const unifiedNames: Readonly<Record<string, string>> = {
  'cpu.weight': 'CPUWeight',
  'memory.high': 'MemoryHigh',
  'memory.low': 'MemoryLow',
  'memory.max': 'MemoryMax',
  'memory.min': 'MemoryMin',
  'memory.swap.max': 'MemorySwapMax',
  'pids.max': 'TasksMax',
};

/** Of `unified` what systemd has a property for and would overwrite. */
function unifiedProperties(unified: Readonly<Record<string, string>>, facts: SystemdFacts): UnitProperty[] {
  return Object.entries(unified).flatMap(([file, text]): UnitProperty[] => {
    const value = text.trim();
    const name = unifiedNames[file];
    if (name !== undefined && /^([0-9]+|max)$/.test(value)) {
      return [[name, variant('t', value === 'max' ? infinity : BigInt(value))]];
    }
    if (file === 'cpu.max') {
      const [quota = '', period = '0'] = value.split(/\s+/);
      return quotaProperties({ quota: quota === 'max' ? -1 : Number(quota), period: Number(period) }, facts);
    }
    if (file === 'cpuset.cpus') return cpuProperties({ cpus: value }, facts);
    return file === 'cpuset.mems' ? cpuProperties({ mems: value }, facts) : [];
  });
}

/** A property given twice would be applied twice: the later one counts. */
function merged(first: readonly UnitProperty[], second: readonly UnitProperty[]): UnitProperty[] {
  return [...new Map([...first, ...second].map((property) => [property[0], property])).values()];
}

/**
 * Device rules. systemd knows only lists of what is allowed: for anything else (all but some, `*:3`) it gets "all", and
 * the files or our own program say the rest. The empty list first forgets what a unit had.
 */
export function deviceProperties(rules: readonly DeviceRule[], { version }: SystemdFacts): UnitProperty[] {
  const { allow, exceptions } = containerDevices(rules);
  const entries = exceptions.map((one) => [deviceName(one, version), one.access] as const);
  if (allow || entries.some(([name]) => name === undefined)) {
    return [
      ['DeviceAllow', variant('a(ss)', [])],
      ['DevicePolicy', variant('s', 'auto')],
    ];
  }
  return [
    ['DeviceAllow', variant('a(ss)', [])],
    ['DevicePolicy', variant('s', 'strict')],
    [
      'DeviceAllow',
      variant(
        'a(ss)',
        entries.map(([name = '', access]) => [name, access]),
      ),
    ],
  ];
}

/** `char-136` is understood since version 240, and numbers of devices that are not there too. */
function deviceName({ type, major, minor }: DeviceException, version: number): string | undefined {
  const group = type === 'c' ? 'char' : 'block';
  if (major === undefined) return minor === undefined ? `${group}-*` : undefined;
  if (minor !== undefined) return `/dev/${group}/${major}:${minor}`;
  return version >= 240 ? `${group}-${major}` : undefined;
}
