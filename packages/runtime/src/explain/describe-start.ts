import { numbersOf } from '../compile/number-set.ts';
import { ioPriorityClasses, memoryPolicyFlags, memoryPolicyModes, schedulerPolicies } from '../compile/tuning.ts';
import { askToken } from '../plan/ask-token.ts';
import type { PlanRecord } from '../plan/record.ts';
import type { Descriptions } from './describe.ts';
import { attributeNames, propagationName } from './flag-names.ts';
import { items, join, shellWord, text } from './word.ts';
import type { Field } from './word.ts';

/** The kinds that a bare runtime, hooks, user namespaces and tuning need. */
export const startDescriptions: Descriptions = {
  join_early: ({ path }) => text(path),
  join_process: ({ pid }) => `${pid}`,
  ask: ({ token, keep }) => `${nameOf(askToken, Number(token))}${keep ? ', and keep the answer open to all' : ''}`,
  stdio_inherit: ({ preserve }) => (preserve ? `and ${preserve} more` : ''),
  gate_listen: ({ path }) => text(path),
  notify_connect: ({ path }) => text(path),
  tree_open: describeTree,
  tree_attach: ({ slot, target }) => `${slot} on ${text(target)}`,
  device_program: ({ cgroup, program }) => `${Math.floor(program.length / 8)} instructions for ${text(cgroup)}`,
  descriptor_send: ({ what, socket }) => `${what ? 'pidfd' : 'terminal'} to ${text(socket)}`,
  run_program: ({ argv, timeout }) => command(argv, timeout),
  adopt: ({ pidFile }) => `the process of ${text(pidFile)}`,
  hook: ({ path, argv, timeout }) => join(text(path), command(argv, timeout)),
  program_check: ({ candidates }) => items(candidates).join(' '),
  keyring: ({ name }) => text(name),
  scheduler: describeScheduler,
  io_priority: ({ priority }) => `${nameOf(ioPriorityClasses, Number(priority) >> 13)} ${Number(priority) & 0x1fff}`,
  personality: ({ persona }) => (persona ? `0x${persona.toString(16)}` : 'of Linux'),
  memory_policy: describeMemory,
  cpu_affinity: ({ cpus }) => ranges(cpus),
};

function describeTree(record: PlanRecord<'tree_open'>): string {
  const { slot, source, recursive, set, clear, propagation, recursiveAttributes, uidMap, recursiveMapping } = record;
  const words = [
    recursive ? 'rbind' : 'bind',
    set ? attributeNames(set) : '',
    clear ? `not ${attributeNames(clear)}` : '',
    recursiveAttributes ? 'whole tree' : '',
    propagation ? propagationName(propagation) : '',
    uidMap.length > 0 ? `${recursiveMapping ? 'ridmap' : 'idmap'} ${text(uidMap).trim().replaceAll('\n', ';')}` : '',
  ];
  return join(`${text(source)} as ${slot}`, words.filter(Boolean).join(','));
}

function describeScheduler({ attributes }: PlanRecord<'scheduler'>): string {
  const bytes = Buffer.from(attributes as Uint8Array);
  const [nice, priority] = [bytes.readInt32LE(16), bytes.readUInt32LE(20)];
  const [runtime, deadline, period] = [24, 32, 40].map((at) => bytes.readBigUInt64LE(at));
  return join(
    nameOf(schedulerPolicies, bytes.readUInt32LE(4)),
    nice ? `nice ${nice}` : '',
    priority ? `priority ${priority}` : '',
    runtime || deadline || period ? `${runtime} of ${period} by ${deadline} ns` : '',
  );
}

function describeMemory({ mode, nodes }: PlanRecord<'memory_policy'>): string {
  const flags = Object.keys(memoryPolicyFlags).filter((name) => Number(mode) & (memoryPolicyFlags[name] ?? 0));
  return join(nameOf(memoryPolicyModes, Number(mode) & 0xfff), ...flags, ranges(nodes));
}

function command(argv: Field, timeout: number | bigint): string {
  return `${items(argv).map(shellWord).join(' ')}${timeout ? `, at most ${timeout} ms` : ''}`;
}

function nameOf(table: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(table).find((name) => table[name] === value) ?? String(value);
}

function ranges(mask: Field): string {
  const numbers = numbersOf(mask as Uint8Array);
  const starts = numbers.filter((number) => !numbers.includes(number - 1));
  return starts
    .map((first) => {
      let last = first;
      while (numbers.includes(last + 1)) last++;
      return first === last ? `${first}` : `${first}-${last}`;
    })
    .join(',');
}
