import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { attachRecords, cgroupRecords, spawnCgroup } from '../cgroup/records.ts';
import type { PlanRecord } from '../plan/record.ts';
import type { HostFacts } from './facts.ts';
import { token } from './meeting.ts';
import { joinPidRecords, spawnFlags } from './namespace.ts';
import type { StartParts } from './start-part.ts';
import { stdioRecord } from './stdio.ts';
import { onHost } from './step.ts';
import { hasTimeOffsets } from './time-offset.ts';
import { joinUserRecords, mapRecords } from './user-namespace.ts';

/**
 * The shim's side of a container's start.
 *
 * The first attach to a v1 cgroup costs 5 ms or more (an RCU grace period), so on v1 the process is
 * spawned first, and its cgroup is made and joined while it mounts. On v2 clone3 puts it there at
 * once, so the cgroup comes first.
 */
export function hostTrack({
  spec,
  facts,
  namespaces,
  user,
  filter,
  created,
  send,
  ...parts
}: StartParts): PlanRecord[] {
  const { cgroup, cgroupPath } = facts;
  const hasCgroup = cgroupPath !== '';
  const made = hasCgroup ? cgroupOf(spec, facts) : [];
  // What the shim opens for a user namespace may be the cgroup's folder.
  const early = cgroup.version === 2 || user !== undefined;
  const flags = spawnFlags(namespaces, hasTimeOffsets(spec));
  return [
    ...shimRecords(facts),
    stdioRecord(spec.process, facts),
    // Descriptors that the process inherits.
    ...created.before,
    ...filter.host,
    ...(early ? made : []),
    ...parts.opened,
    ...joinUserRecords(user),
    ...joinPidRecords(namespaces),
    onHost('spawn', { flags, cgroup: hasCgroup ? spawnCgroup(cgroup, cgroupPath) : '' }),
    // Before the maps: without privileges the file is ours only until the process changes its user.
    ...parts.oom.host,
    ...mapRecords(user),
    ...send.pidfd,
    ...(early ? [] : made),
    ...(hasCgroup ? attachRecords(cgroup, cgroupPath) : []),
    ...(parts.joinsCgroup ? [onHost('post', { token: token.inCgroup })] : []),
    // From here on in the order in which the process gets there.
    ...parts.prepared.host,
    ...send.terminal.host,
    ...parts.limits.host,
    ...created.host,
  ];
}

/** The daemon's shim listens and logs; that of a bare runtime is gone before anybody could ask. */
function shimRecords({ shim }: HostFacts): PlanRecord[] {
  if (shim === undefined) return [];
  const { log, logMaxBytes, logMaxFiles, socket, journal } = shim;
  return [onHost('shim', { socket, journal, log, logMaxBytes, logMaxFiles })];
}

/** Loading a device program takes rights over the host. Without them no device can be made or opened anyway. */
function cgroupOf({ linux }: RuntimeSpec, { cgroup, cgroupPath, rootless, inUserNamespace }: HostFacts): PlanRecord[] {
  const records = cgroupRecords(cgroup, cgroupPath, linux.resources);
  if (!rootless && !inUserNamespace) return records;
  return records.filter(({ kind }) => kind !== 'device_program');
}
