import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { attachRecords, cgroupRecords, spawnCgroup } from '../cgroup/records.ts';
import { askToken } from '../plan/ask-token.ts';
import type { PlanRecord } from '../plan/record.ts';
import { resctrlRecords } from '../resctrl/records.ts';
import type { HostFacts } from './facts.ts';
import { token } from './meeting.ts';
import { joinPidRecords, spawnFlags } from './namespace.ts';
import { cacheRecords } from './resctrl.ts';
import type { StartParts } from './start-part.ts';
import { stdioRecord } from './stdio.ts';
import { shimRecord } from './shim-record.ts';
import { onHost } from './step.ts';
import { hasTimeOffsets } from './time-offset.ts';
import { isJoinedEarly, joinEarlyRecords, mapRecords } from './user-namespace.ts';

/**
 * The shim's side of a container's start.
 *
 * The first attach to a v1 cgroup costs 5 ms or more (an RCU grace period), so on v1 the process is
 * spawned first, and its cgroup is made and joined while it mounts. On v2 clone3 puts it there at
 * once, so the cgroup comes first.
 */
export function hostTrack(parts: StartParts): PlanRecord[] {
  const { spec, facts, namespaces, user, filter, created, send } = parts;
  const cgroup = cgroupSteps(parts);
  const flags = spawnFlags(namespaces, hasTimeOffsets(spec));
  return [
    ...shimRecords(facts),
    stdioRecord(spec.process, facts),
    // Descriptors that the process inherits.
    ...created.before,
    ...filter.host,
    ...cgroup.before,
    ...parts.opened,
    ...joinEarlyRecords(user, namespaces),
    ...joinPidRecords(namespaces, (type) => isJoinedEarly(user, type)),
    onHost('spawn', { flags, cgroup: cgroup.spawn }),
    // Before the maps: without privileges the file is ours only until the process changes its user.
    ...parts.oom.host,
    ...mapRecords(user),
    ...send.pidfd,
    ...cgroup.after,
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
  return [shimRecord(shim)];
}

interface CgroupSteps {
  readonly before: readonly PlanRecord[];
  /** The folder for clone3, or empty. */
  readonly spawn: string;
  readonly after: readonly PlanRecord[];
}

/** A scope of systemd is made around the process that lives in it, so all of it comes after, on v2 too. */
function cgroupSteps({ spec, facts, user, joinsCgroup }: StartParts): CgroupSteps {
  const { cgroup, cgroupPath, systemdScope } = facts;
  const hasCgroup = cgroupPath !== '';
  const made = hasCgroup ? cgroupOf(spec, facts) : [];
  const joined = [
    ...(hasCgroup ? attachRecords(cgroup, cgroupPath) : []),
    ...cacheRecords(spec.linux.intelRdt, facts, resctrlRecords),
    ...(joinsCgroup ? [onHost('post', { token: token.inCgroup })] : []),
  ];
  if (systemdScope) {
    const asked = onHost('ask', { token: askToken.createScope, keep: 0 });
    return { before: [], spawn: '', after: [asked, ...made, ...joined] };
  }
  // What the shim opens for a user namespace may be the cgroup's folder.
  const early = cgroup.version === 2 || user !== undefined;
  return {
    before: early ? made : [],
    spawn: hasCgroup ? spawnCgroup(cgroup, cgroupPath) : '',
    after: [...(early ? [] : made), ...joined],
  };
}

/** Loading a device program takes rights over the host. Without them no device can be made or opened anyway. */
function cgroupOf({ linux }: RuntimeSpec, { cgroup, cgroupPath, rootless, inUserNamespace }: HostFacts): PlanRecord[] {
  const records = cgroupRecords(cgroup, cgroupPath, linux.resources);
  if (!rootless && !inUserNamespace) return records;
  return records.filter(({ kind }) => kind !== 'device_program');
}
