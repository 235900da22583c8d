import type { StateRecord } from '../state/record.ts';
import type { LaunchContext } from './context.ts';
import { ownerName } from './owner.ts';

/** The record of a container that has no process yet: enough to delete what a create that broke off has left. */
export function firstRecord(
  context: LaunchContext,
  more: Pick<StateRecord, 'cgroup' | 'rootless' | 'cacheShare'>,
): StateRecord {
  const { id, bundle, rootfs, spec } = context;
  return {
    version: 1,
    id,
    ociVersion: spec.ociVersion,
    pid: 0,
    startTime: 0,
    bundle,
    rootfs,
    created: new Date().toISOString(),
    owner: ownerName(process.getuid?.() ?? 0),
    ...(spec.annotations === undefined ? {} : { annotations: spec.annotations }),
    cgroup: more.cgroup,
    rootless: more.rootless,
    ...(more.cacheShare === undefined ? {} : { cacheShare: more.cacheShare }),
  };
}
