/** What tests of attached shims share: plans with the caller's streams, and a shim below the test itself. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { encodeList } from '../../packages/runtime/src/plan/encode.ts';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { AttachedShim } from '../../packages/runtime/src/shim/attached.ts';
import type { ShimHandlers } from '../../packages/runtime/src/shim/connection.ts';
import { buildNative } from '../../scripts/build-native.ts';
import { plainPlan } from './plans.ts';

export const host = 'host' as const;
export const container = 'container' as const;
export const shell = (script: string): string[] => ['/bin/busybox', 'sh', '-c', script];

/** A plain plan without a shim record, with the caller's streams in place of pipes. */
export function attachedPlan(argv: readonly string[], inside: readonly PlanRecord[] = [], preserve = 0) {
  const { records } = plainPlan('/nowhere', argv, { inside });
  return {
    records: records
      .filter(({ kind }) => kind !== 'shim')
      .map((record): PlanRecord =>
        record.kind === 'stdio' ? { kind: 'stdio_inherit', track: host, preserve } : record,
      ),
  };
}

/** The host records stand behind `spawn`, the others before `execve`; the order is that of the list. */
export function withRecords(plan: { readonly records: readonly PlanRecord[] }, more: readonly PlanRecord[]) {
  const spawn = plan.records.findIndex(({ kind }) => kind === 'spawn');
  const [before, behind] = [plan.records.slice(0, spawn), plan.records.slice(spawn + 1, -1)];
  const early = more.filter(({ kind }) => kind === 'gate_listen' || kind === 'join_process');
  return {
    records: [
      ...before,
      ...early,
      plan.records[spawn]!,
      ...behind,
      ...more.filter((one) => !early.includes(one)),
      plan.records.at(-1)!,
    ],
  };
}

/** Created, and waits at a gate in this folder. */
export function gatedPlan(dir: string, argv: readonly string[], behind: readonly PlanRecord[] = [], preserve = 0) {
  return withRecords(attachedPlan(argv, [], preserve), [
    { kind: 'gate_listen', track: host, path: join(dir, 'gate') },
    { kind: 'post', track: container, token: 1 },
    { kind: 'wait', track: host, token: 1 },
    { kind: 'ask', track: host, token: 4, keep: 1 },
    { kind: 'gate', track: container },
    ...behind,
  ]);
}

export function hook(argv: readonly string[], more: Partial<PlanRecord<'hook'>> = {}): PlanRecord {
  return {
    kind: 'hook',
    track: container,
    path: argv[0]!,
    argv: encodeList(argv),
    env: encodeList(['HOOK=yes']),
    cwd: '',
    head: '{"pid":',
    tail: '}',
    timeout: 0,
    ...more,
  };
}

/** Ends with the test. */
export async function attach(t: TestContext, handlers: ShimHandlers = {}, preserve = 0): Promise<AttachedShim> {
  const { launcher: binary } = await buildNative();
  const shim = await AttachedShim.spawn({ binary, preserve }, handlers);
  t.after(() => shim.close());
  return shim;
}
