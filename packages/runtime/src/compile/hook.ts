import { posix } from 'node:path';
import type { HookSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import type { HostFacts } from './facts.ts';
import { invalid } from './invalid.ts';
import { hookState } from './state.ts';
import { inContainer, list } from './step.ts';

/** The hooks that the process runs itself, config.md "POSIX-platform Hooks". All others are for the client. */
export interface OwnHooks {
  /** In the container's namespaces, before the pivot: paths are the host's. */
  readonly createContainer: readonly PlanRecord[];
  /** After `start`, before the program: paths are the container's. */
  readonly startContainer: readonly PlanRecord[];
}

export function ownHooks({ hooks = {}, annotations }: RuntimeSpec, facts: HostFacts): OwnHooks {
  const creating = { cwd: facts.bundle ?? '/', ...hookState(facts, 'creating', annotations) };
  const created = { cwd: '', ...hookState(facts, 'created', annotations) };
  return {
    createContainer: (hooks.createContainer ?? []).map((hook, index) => {
      return hookRecord(hook, `hooks.createContainer[${index}]`, creating);
    }),
    startContainer: (hooks.startContainer ?? []).map((hook, index) => {
      return hookRecord(hook, `hooks.startContainer[${index}]`, created);
    }),
  };
}

/** Whether the client has hooks to run, or devices to move, once the namespaces are there. */
export function asksForRuntimeHooks({ hooks = {}, linux }: RuntimeSpec): boolean {
  const count = (hooks.prestart?.length ?? 0) + (hooks.createRuntime?.length ?? 0);
  return count > 0 || Object.keys(linux.netDevices ?? {}).length > 0;
}

interface HookPlace {
  readonly cwd: string;
  readonly head: string;
  readonly tail: string;
}

function hookRecord(hook: HookSpec, path: string, place: HookPlace): PlanRecord {
  if (!posix.isAbsolute(hook.path)) throw invalid(`${path}.path`, `not an absolute path: ${hook.path}`);
  const { args = [], timeout = 0 } = hook;
  if (!Number.isInteger(timeout) || timeout < 0)
    throw invalid(`${path}.timeout`, `not a number of seconds: ${timeout}`);
  return inContainer('hook', {
    timeout: 1000 * timeout,
    path: hook.path,
    argv: list(args.length === 0 ? [hook.path] : args),
    env: list(hook.env ?? []),
    ...place,
  });
}
