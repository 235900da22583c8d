import { join } from 'node:path';
import type { Log } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { killAndWait } from '../launch/destroy.ts';
import { firstRecord } from '../launch/first-record.ts';
import { type AttachedPlan, runPlan } from '../launch/run-plan.ts';
import { makeFolder, removeFolder } from '../state/container-folder.ts';
import { lockFolder } from '../state/lock.ts';
import { identify } from '../state/process-identity.ts';
import { type StateRecord, writeRecord, writeSpec } from '../state/record.ts';
import { externalNamespaces } from './external.ts';
import { criuFailed, findCriu, noCriu } from './program.ts';
import { type RestoreChoices, restorePlan } from './restore.ts';

export interface RestoreRequest {
  readonly root: string;
  readonly id: string;
  readonly bundle: string;
  readonly spec: RuntimeSpec;
  readonly cgroup: StateRecord['cgroup'];
  readonly rootless: boolean;
  readonly log: Log;
  readonly choices: RestoreChoices;
}

export interface Restored {
  readonly folder: string;
  readonly record: StateRecord;
  readonly plan: AttachedPlan;
}

/** A container from image files. On failure nothing of it is left. @throws failed_precondition naming criu's log */
export async function restoreContainer(request: RestoreRequest): Promise<Restored> {
  const { root, id, bundle, spec, choices, log } = request;
  const program = findCriu();
  if (program === undefined) throw noCriu();
  const [joined] = externalNamespaces(spec);
  if (joined !== undefined) {
    throw new BerthError('unimplemented', `cannot restore a container that joins the ${joined.kind} namespace`, {
      code: 'external_namespace',
      hint: 'restore it with a network namespace of its own',
    });
  }
  const folder = makeFolder(root, id);
  using _lock = await lockFolder(folder, id);
  const rootfs = spec.root.path;
  let record = firstRecord({ id, bundle, spec, rootfs, log }, request);
  try {
    writeSpec(folder, spec);
    writeRecord(folder, record);
    const place = { spec, rootfs, program, pidFile: join(folder, 'restore.pid') };
    const plan = await runPlan(restorePlan(place, choices), { preserve: 0 }).catch((cause: unknown) => {
      const failed = criuFailed('restore', join(choices.work, 'restore.log'), 'see its log');
      throw new BerthError(failed.kind, failed.message, { code: failed.code, hint: failed.hint, cause });
    });
    record = { ...record, ...(identify(plan.pid) ?? { pid: plan.pid, startTime: 0 }) };
    writeRecord(folder, record);
    return { folder, record, plan };
  } catch (error) {
    await killAndWait(record).catch((late: unknown) => log.warn(`cleaning up ${folder}: ${String(late)}`));
    removeFolder(folder);
    throw error;
  }
}
