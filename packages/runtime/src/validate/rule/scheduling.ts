import type { ProcessSpec } from '@berth/model/runtime-spec';
import { at } from '../finding.ts';
import type { Rule } from './rule.ts';

const niced = ['SCHED_OTHER', 'SCHED_BATCH'];
const realTime = ['SCHED_FIFO', 'SCHED_RR'];
const deadlineFields = ['runtime', 'deadline', 'period'] as const;
/** Flags that mean nothing but to SCHED_DEADLINE, sched_setattr(2). */
const deadlineFlags = ['SCHED_FLAG_RECLAIM', 'SCHED_FLAG_DL_OVERRUN'];
/** The kernel's shortest runtime, in nanoseconds, sched(7). */
const shortest = 1024;

/** For a process with a scheduler of its own. */
export const schedulerRules: readonly Rule<ProcessSpec>[] = [
  {
    code: 'spec.scheduler_policy_unavailable',
    meaning: '`process.scheduler.policy` is SCHED_ISO, which Linux has a number for but no code',
    remedy: 'use SCHED_RR or SCHED_OTHER',
    *find({ scheduler }) {
      if (scheduler?.policy === 'SCHED_ISO') yield at('scheduler.policy', 'no kernel implements SCHED_ISO');
    },
  },
  {
    code: 'spec.scheduler_nice_range',
    meaning: '`process.scheduler.nice` is outside of -20 to 19',
    remedy: 'give a number from -20, the most urgent, to 19',
    *find({ scheduler: { nice = 0, policy } = { policy: '' } }) {
      if (niced.includes(policy) && (nice < -20 || nice > 19)) yield at('scheduler.nice', `${nice} is no nice value`);
    },
  },
  {
    code: 'spec.scheduler_priority_unused',
    meaning: '`process.scheduler.priority` is given for a policy other than SCHED_FIFO and SCHED_RR',
    remedy: 'remove the priority, or change the policy',
    *find({ scheduler: { priority, policy } = { policy: '' } }) {
      if (priority && !realTime.includes(policy)) yield at('scheduler.priority', `${policy} has no priority`);
    },
  },
  {
    code: 'spec.scheduler_priority_range',
    meaning: '`process.scheduler.priority` of SCHED_FIFO or SCHED_RR is outside of 1 to 99',
    remedy: 'give a number from 1 to 99, the most urgent',
    *find({ scheduler: { priority = 0, policy } = { policy: '' } }) {
      if (realTime.includes(policy) && (priority < 1 || priority > 99)) {
        yield at('scheduler.priority', `${policy} needs a priority from 1 to 99, not ${priority}`);
      }
    },
  },
  {
    code: 'spec.scheduler_deadline_unused',
    meaning: 'runtime, deadline or period of `process.scheduler` is given for a policy other than SCHED_DEADLINE',
    remedy: 'remove it, or change the policy',
    *find({ scheduler }) {
      if (scheduler === undefined || scheduler.policy === 'SCHED_DEADLINE') return;
      for (const field of deadlineFields) {
        if (scheduler[field]) yield at(`scheduler.${field}`, `${scheduler.policy} has no ${field}`);
      }
    },
  },
  {
    code: 'spec.scheduler_deadline_order',
    meaning: 'SCHED_DEADLINE without 1024 ns <= runtime <= deadline <= period',
    remedy: 'give all three in nanoseconds; a period of 0 is the deadline',
    *find({ scheduler }) {
      if (scheduler?.policy !== 'SCHED_DEADLINE') return;
      const { runtime = 0, deadline = 0, period = 0 } = scheduler;
      if (runtime < shortest) yield at('scheduler.runtime', `must be at least ${shortest} ns`);
      else if (deadline < runtime) yield at('scheduler.deadline', 'must not be below the runtime');
      else if (BigInt(period) !== 0n && period < deadline)
        yield at('scheduler.period', 'must not be below the deadline');
    },
  },
  {
    code: 'spec.scheduler_flag_unused',
    level: 'warning',
    meaning: 'a flag of `process.scheduler` means something to SCHED_DEADLINE only',
    remedy: 'remove the flag, or change the policy',
    *find({ scheduler: { policy, flags = [] } = { policy: 'SCHED_DEADLINE' } }) {
      if (policy === 'SCHED_DEADLINE') return;
      for (const [index, flag] of flags.entries()) {
        if (deadlineFlags.includes(flag)) yield at(`scheduler.flags[${index}]`, `${flag} means nothing to ${policy}`);
      }
    },
  },
];

/** For a process with an I/O priority. */
export const ioPriorityRules: readonly Rule<ProcessSpec>[] = [
  {
    code: 'spec.io_priority_range',
    meaning: '`process.ioPriority.priority` is outside of 0 to 7',
    remedy: 'give a number from 0, the most urgent, to 7',
    *find({ ioPriority: { priority = 0 } = { class: 'IOPRIO_CLASS_BE' } }) {
      if (priority < 0 || priority > 7) yield at('ioPriority.priority', `${priority} is outside of 0 to 7`);
    },
  },
];
