import type { ResourcesSpec } from '@berth/model/runtime-spec';
import { at } from '../finding.ts';
import { kernelListFault } from './number-list.ts';
import type { Rule } from './rule.ts';

/** Microseconds: 1 ms and 1 s, kernel Documentation/scheduler/sched-bwc.rst. */
const shortest = 1000;
const longest = 1_000_000;

export const cpuRules: readonly Rule<ResourcesSpec>[] = [
  {
    code: 'spec.cpu_period_range',
    meaning: '`cpu.period` is outside of 1000 to 1000000 microseconds',
    remedy: 'give microseconds; 100000 is usual',
    *find({ cpu: { period = 0 } = {} }) {
      if (period !== 0 && (period < shortest || period > longest)) {
        yield at('cpu.period', `${period} is outside of ${shortest} to ${longest}`);
      }
    },
  },
  {
    code: 'spec.cpu_quota_range',
    meaning: '`cpu.quota` is below 1000 microseconds, and not -1',
    remedy: 'give microseconds of each period, or -1 for no limit',
    *find({ cpu: { quota = 0 } = {} }) {
      if (quota < -1 || (quota > 0 && quota < shortest)) yield at('cpu.quota', `${quota} is below ${shortest}`);
    },
  },
  {
    code: 'spec.cpu_burst_above_quota',
    meaning: '`cpu.burst` is above `cpu.quota`',
    remedy: 'lower the burst',
    *find({ cpu: { burst = 0, quota = 0 } = {} }) {
      if (quota > 0 && burst > quota) yield at('cpu.burst', `${burst} is above the quota ${quota}`);
    },
  },
  {
    code: 'spec.cpu_realtime_runtime',
    meaning: '`cpu.realtimeRuntime` is below -1 or above `cpu.realtimePeriod`',
    remedy: 'give microseconds of each realtime period',
    *find({ cpu: { realtimeRuntime = 0, realtimePeriod } = {} }) {
      if (realtimeRuntime < -1) yield at('cpu.realtimeRuntime', `${realtimeRuntime} is no time`);
      if (realtimePeriod && realtimeRuntime > realtimePeriod) {
        yield at('cpu.realtimeRuntime', `is above the period ${realtimePeriod}`);
      }
    },
  },
  {
    code: 'spec.cpu_idle_range',
    meaning: '`cpu.idle` is neither 0 nor 1',
    remedy: 'use 1 for SCHED_IDLE, 0 for the usual',
    *find({ cpu: { idle = 0 } = {} }) {
      if (idle !== 0 && idle !== 1) yield at('cpu.idle', `${idle} is neither 0 nor 1`);
    },
  },
  {
    code: 'spec.cpu_idle_with_shares',
    level: 'warning',
    meaning: '`cpu.shares` is given beside `cpu.idle`: an idle cgroup has no weight',
    remedy: 'remove one of them',
    *find({ cpu: { idle, shares } = {} }) {
      if (idle === 1 && shares) yield at('cpu.shares', 'has no effect beside idle');
    },
  },
  {
    code: 'spec.cpuset_list',
    meaning: '`cpu.cpus` or `cpu.mems` is not a list of numbers and ranges',
    remedy: 'write it as 0-3,7',
    *find({ cpu = {} }) {
      for (const part of ['cpus', 'mems'] as const) {
        const fault = cpu[part] === undefined ? undefined : kernelListFault(cpu[part]);
        if (fault !== undefined) yield at(`cpu.${part}`, fault);
      }
    },
  },
];
