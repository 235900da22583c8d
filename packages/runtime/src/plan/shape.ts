import type { RecordKind } from './layout.ts';

/**
 * What the layout does not say about the wire form: who may run a kind, and which strings are more
 * than text. The encoder, the decoders and `native/gen/plan_kinds.h` all follow these lists.
 */

/** Kinds that only the shim runs. */
export const hostKinds: readonly RecordKind[] = [
  'shim',
  'stdio',
  'cgroup_create',
  'join_pid',
  'spawn',
  'cgroup_attach',
  'join_early',
  'join_process',
  'ask',
  'stdio_inherit',
  'gate_listen',
  'notify_connect',
  'tree_open',
  'device_program',
  'descriptor_send',
  'run_program',
  'adopt',
];

/** Kinds that either side runs. All others are for the container process alone. */
export const sharedKinds: readonly RecordKind[] = ['write_file', 'post', 'wait', 'rlimit'];

/** Strings that are a list: every item, the last one too, ends in a NUL. */
export const listFields: readonly string[] = ['options', 'argv', 'env', 'candidates'];

/** Strings that are a row of fixed-size items, with the size of one item. */
export const binaryFields: Readonly<Record<string, number>> = {
  program: 8,
  gids: 4,
  attributes: 8,
  nodes: 8,
  cpus: 8,
};

/** Limits of a plan, the same in the native decoder. */
export const limits = { bytes: 1 << 20, records: 1024, fields: 8 } as const;

export function runsOn(kind: RecordKind, track: 'host' | 'container'): boolean {
  return sharedKinds.includes(kind) || hostKinds.includes(kind) === (track === 'host');
}
