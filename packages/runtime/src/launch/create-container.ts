import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { cgroupOwner, delegateCgroup } from '../cgroup/delegate.ts';
import { requireFree } from '../cgroup/join.ts';
import type { CgroupPlace } from '../cgroup/place.ts';
import { compileContainer } from '../compile/container.ts';
import { encodePlan } from '../plan/encode.ts';
import { makeFolder, removeFolder } from '../state/container-folder.ts';
import { lockFolder } from '../state/lock.ts';
import { identify } from '../state/process-identity.ts';
import { type StateRecord, writeRecord, writeSpec } from '../state/record.ts';
import { endCacheShare, findCacheShare } from './cache-share.ts';
import { chooseCgroup } from './cgroup-place.ts';
import type { LaunchContext } from './context.ts';
import { type ContainerChoices, containerFacts } from './container-facts.ts';
import { killAndWait } from './destroy.ts';
import { ownCgroup } from './members.ts';
import { firstRecord } from './first-record.ts';
import { withHomeOfSpec } from './own-home.ts';
import { type AttachedPlan, runPlan, type RunOptions } from './run-plan.ts';
import { endScope } from './scope.ts';

/** A plan's file in the container's folder: what a record that fails behind the gate is called. */
export const planFile = 'plan';

export interface CreateRequest extends ContainerChoices, Pick<RunOptions, 'onOutput' | 'foreground'> {
  readonly root: string;
  readonly id: string;
  /** Absolute. */
  readonly bundle: string;
  /** Valid; `root.path` is absolute. */
  readonly spec: RuntimeSpec;
  readonly log: Log;
  /** Descriptors from 3 on that the process gets. */
  readonly preserve: number;
  /**
   * `gate`: the container waits for `start`, and nothing of ours stays. `held`: it waits for `proceed`, and the
   * connection is the caller's.
   */
  readonly until: 'gate' | 'held';
  /** Called when the process is there and on record, e.g. to write its pid to a file. A failure undoes the create. */
  onCreated?(pid: number): void;
}

export interface Created {
  readonly folder: string;
  readonly record: StateRecord;
  readonly context: LaunchContext;
  /** With `held` only. */
  readonly plan?: AttachedPlan;
}

/**
 * Makes a container up to the moment before its program runs. On failure nothing of it is left: no process, cgroup or
 * folder. @throws already_exists, invalid_argument with the JSON path, or what step of the start failed
 */
export async function createContainer(request: CreateRequest): Promise<Created> {
  const { root, id, bundle, spec, log } = request;
  const folder = makeFolder(root, id);
  using _lock = await lockFolder(folder, id);
  const rootfs = spec.root.path;
  let record: StateRecord | undefined;
  try {
    const cgroup = await chooseCgroup({
      id,
      cgroupsPath: spec.linux.cgroupsPath,
      driver: request.systemdCgroup ? 'systemd' : 'cgroupfs',
      rootless: request.rootless,
    });
    // Before there is a record: to undo a create is to kill what is in its cgroup.
    if (cgroup.path !== '') await requireFree(cgroup.layout, cgroup.path);
    const cacheShare = await findCacheShare(spec);
    const { rootless } = request;
    const context: LaunchContext = { id, bundle, spec, rootfs, log, cgroup, rootless };
    const facts = containerFacts(context, { ...request, folder, place: cgroup, resctrl: cacheShare?.root });
    record = firstRecord(context, { cgroup, rootless, cacheShare });
    writeSpec(folder, spec);
    writeRecord(folder, record);
    const plan = compileContainer({ ...spec, process: withHomeOfSpec(spec) }, facts);
    if (request.until === 'gate') writeFileSync(join(folder, planFile), encodePlan(plan), { mode: 0o600 });
    const { preserve, foreground, onOutput } = request;
    const attached = await runPlan(plan, { context, preserve, foreground, onOutput });
    record = { ...record, ...requireIdentity(attached.pid) };
    writeRecord(folder, record);
    await delegate(cgroup, spec);
    request.onCreated?.(attached.pid);
    if (request.until === 'held') return { folder, record, context, plan: attached };
    await attached.leave();
    return { folder, record, context };
  } catch (error) {
    const cause = await explainMemory(error, record);
    await undo(folder, record, log);
    throw cause;
  }
}

/** Before the cgroup goes, which alone knows. */
async function explainMemory(error: unknown, record: StateRecord | undefined): Promise<unknown> {
  if (!(error instanceof BerthError) || error.code !== 'start_failed' || record === undefined) return error;
  const kills = await ownCgroup(record)?.oomKills();
  return kills ? (await import('./start-error.ts')).memoryError(error) : error;
}

/** On v2 a container with a user namespace of its own may get its cgroup for itself. */
async function delegate({ layout, path }: CgroupPlace, spec: RuntimeSpec): Promise<void> {
  const owner = path === '' ? undefined : cgroupOwner(layout, spec);
  if (owner !== undefined) await delegateCgroup(layout, path, owner);
}

function requireIdentity(pid: number) {
  // It cannot be reaped before its parent has read this: the shim waits for us.
  return identify(pid) ?? { pid, startTime: 0 };
}

/** Everything is tried; the first error is the caller's, a failure here is logged beside it. */
async function undo(folder: string, record: StateRecord | undefined, log: Log): Promise<void> {
  const steps: (() => unknown)[] = [() => removeFolder(folder)];
  if (record !== undefined)
    steps.unshift(
      () => killAndWait(record),
      () => endScope(record),
      () => ownCgroup(record)?.remove(),
      () => endCacheShare(record),
    );
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      log.warn(`cleaning up ${folder}: ${String(error)}`);
    }
  }
}
