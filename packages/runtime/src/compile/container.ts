import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { attachRecords, cgroupRecords, spawnCgroup } from '../cgroup/records.ts';
import type { Plan, PlanRecord } from '../plan/record.ts';
import { credentialRecords } from './credential.ts';
import { deviceRecords } from './device.ts';
import type { HostFacts } from './facts.ts';
import { filterRecords } from './filter.ts';
import { hiddenPathRecords } from './hidden-path.ts';
import { CLONE } from './kernel-flags.ts';
import { mountRecords } from './mount.ts';
import { enterRecords, isNew, joinPidRecords, namespaceMap, spawnFlags } from './namespace.ts';
import type { NamespaceMap } from './namespace.ts';
import { oomScoreRecords } from './oom-score.ts';
import { devicesAreOpen, withoutMknod } from './open-device.ts';
import { programRecord } from './program.ts';
import { rlimitRecords } from './rlimit.ts';
import { rootAttributeRecords, rootRecords } from './root.ts';
import { attachStdioRecords, stdioRecord } from './stdio.ts';
import { inContainer, onHost } from './step.ts';
import { sysctlRecords } from './sysctl.ts';
import { systemNameRecords } from './system-name.ts';

/** The one rendezvous: the host track has put the process into its cgroup. */
const inCgroup = { token: 1 } as const;

/**
 * A container start as a plan. Pure: the same spec and facts give the same plan. Throws
 * `invalid_argument` or `unimplemented` naming the JSON path for a spec that cannot be run.
 *
 * Each concern makes its own records; this is the one place that knows their order, and why.
 */
export function compileContainer(spec: RuntimeSpec, facts: HostFacts): Plan {
  const namespaces = namespaceMap(spec.linux.namespaces);
  return {
    records: [...hostTrack(spec, facts, namespaces), ...containerTrack(spec, facts, namespaces)],
  };
}

/**
 * The first attach to a v1 cgroup costs 5 ms or more (an RCU grace period), so on v1 the process is
 * spawned first, and its cgroup is made and joined while it mounts. On v2 clone3 puts it there at
 * once, so the cgroup comes first.
 */
function hostTrack(spec: RuntimeSpec, facts: HostFacts, namespaces: NamespaceMap): PlanRecord[] {
  const { cgroup, cgroupPath } = facts;
  const made = cgroupRecords(cgroup, cgroupPath, spec.linux.resources);
  const { log, logMaxBytes, logMaxFiles, socket, journal } = facts.shim;
  const before = [
    onHost('shim', { socket, journal, log, logMaxBytes, logMaxFiles }),
    stdioRecord(spec.process, facts.stdin),
    ...joinPidRecords(namespaces),
  ];
  const flags = spawnFlags(namespaces);
  const spawn = onHost('spawn', { flags, cgroup: spawnCgroup(cgroup, cgroupPath) });
  if (cgroup.version === 2) return [...before, ...made, spawn];
  const attach = attachRecords(cgroup, cgroupPath);
  return [...before, spawn, ...made, ...attach, onHost('post', inCgroup)];
}

/**
 * All that does not need the cgroup comes before the wait: namespaces, mounts, devices, the pivot
 * (which waits for RCU too) and hidden paths. What could use more than its share, the program,
 * comes after it.
 */
function containerTrack(spec: RuntimeSpec, facts: HostFacts, namespaces: NamespaceMap): PlanRecord[] {
  const { process } = spec;
  const mounts = mountRecords(spec, facts);
  const attached = attachedRecords(facts, namespaces);
  const filter = filterRecords(spec.linux.seccomp, facts.architecture);
  const pivot = inContainer('pivot_root', {});
  const openDevices = devicesAreOpen(facts.cgroup, spec.linux.resources?.devices);
  return [
    // Exact modes for all that is made below; the process's own mask is set at the end.
    inContainer('umask', { mask: 0 }),
    // While /proc is the host's.
    ...oomScoreRecords(process),
    ...enterRecords(namespaces),
    ...systemNameRecords(spec, namespaces),
    ...rootRecords(spec, facts),
    ...mounts.early,
    // Into the /dev that the mounts have made, and before a terminal needs /dev/pts.
    ...deviceRecords(spec),
    ...workingFolderRecords(process.cwd),
    ...sysctlRecords(spec, namespaces),
    ...attachStdioRecords(process, true),
    // Binds below a cgroup mount are rare; they keep the host's tree in view until they are made.
    ...(mounts.lateNeedsHost ? [] : [pivot]),
    // After sysctl and devices, which write where these paths forbid it.
    ...hiddenPathRecords(spec),
    ...attached,
    ...mounts.late,
    ...(mounts.lateNeedsHost ? [pivot] : []),
    // Mounts in which the plan has made things itself, then the root: nothing is made after this.
    ...mounts.seal,
    ...rootAttributeRecords(spec, openDevices),
    // Raising a limit takes privileges; lowering NOFILE or AS earlier could break the steps above.
    ...rlimitRecords(process.rlimits),
    ...credentialRecords(process, filter, withoutMknod(facts.capabilities, openDevices)),
    programRecord(process),
  ];
}

/** The wait, then the cgroup namespace, whose root is the cgroup the process is in at that moment. */
function attachedRecords(facts: HostFacts, namespaces: NamespaceMap): PlanRecord[] {
  const wait = facts.cgroup.version === 1 ? [inContainer('wait', inCgroup)] : [];
  const unshare = isNew(namespaces, 'cgroup') ? [inContainer('unshare', { flags: CLONE.CLONE_NEWCGROUP })] : [];
  return [...wait, ...unshare];
}

/** docker and runc make a missing working folder; before the root becomes read-only. */
function workingFolderRecords(path: string): PlanRecord[] {
  return path === '/' ? [] : [inContainer('mkdir', { mode: 0o755, uid: 0, gid: 0, path })];
}
