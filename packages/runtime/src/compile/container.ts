import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { attachRecords, cgroupRecords, spawnCgroup } from '../cgroup/records.ts';
import { askToken } from '../plan/ask-token.ts';
import type { Plan, PlanRecord } from '../plan/record.ts';
import { createdRecords } from './created.ts';
import { credentialRecords } from './credential.ts';
import { deviceRecords } from './device.ts';
import type { HostFacts } from './facts.ts';
import { filterRecords } from './filter.ts';
import { hiddenPathRecords } from './hidden-path.ts';
import { asksForRuntimeHooks, ownHooks } from './hook.ts';
import { keyringRecords } from './keyring.ts';
import { CLONE } from './kernel-flags.ts';
import { labelRecords } from './label.ts';
import { meeting, token } from './meeting.ts';
import type { Meeting } from './meeting.ts';
import { mountRecords } from './mount.ts';
import { enterRecords, isNew, joinPidRecords, namespaceMap, spawnFlags } from './namespace.ts';
import type { NamespaceMap } from './namespace.ts';
import { oomScoreRecords } from './oom-score.ts';
import { devicesAreOpen, withoutMknod } from './open-device.ts';
import { programRecord } from './program.ts';
import { limitMeeting } from './rlimit.ts';
import { rootAttributeRecords, rootRecords } from './root.ts';
import { agentState } from './state.ts';
import { attachStdioRecords, sendRecords, stdioRecord } from './stdio.ts';
import { inContainer, onHost } from './step.ts';
import { sysctlRecords } from './sysctl.ts';
import { systemNameRecords } from './system-name.ts';
import { becomeRootRecords, joinUserRecords, mapRecords, userNamespace, waitForMapRecords } from './user-namespace.ts';
import type { UserNamespace } from './user-namespace.ts';

/** All capabilities there are: what a process has in a user namespace of its own. */
const everyCapability = 0xffff_ffff_ffff_ffffn;

/**
 * A container start as a plan. Pure: the same spec and facts give the same plan. Throws
 * `invalid_argument` naming the JSON path for a spec that cannot be run, `failed_precondition` for one that asks for
 * what the host does not have.
 *
 * Each concern makes its own records; this is the one place that knows their order, and why.
 */
export function compileContainer(spec: RuntimeSpec, facts: HostFacts): Plan {
  const parts = partsOf(spec, facts);
  return { records: [...hostTrack(parts), ...containerTrack(parts)] };
}

/** What both tracks are made of. */
interface Parts {
  readonly spec: RuntimeSpec;
  readonly facts: HostFacts;
  readonly namespaces: NamespaceMap;
  readonly user: UserNamespace | undefined;
  readonly filter: ReturnType<typeof filterRecords>;
  readonly created: ReturnType<typeof createdRecords>;
  readonly send: ReturnType<typeof sendRecords>;
  readonly oom: Meeting;
  readonly prepared: Meeting;
  readonly limits: Meeting;
}

function partsOf(spec: RuntimeSpec, facts: HostFacts): Parts {
  const { process, annotations, linux } = spec;
  const namespaces = namespaceMap(linux.namespaces);
  const user = userNamespace(spec, facts, namespaces);
  const creating = { first: undefined, status: 'creating', annotations };
  return {
    spec,
    facts,
    namespaces,
    user,
    filter: filterRecords(linux.seccomp, facts.architecture, (seccomp) => agentState(seccomp, facts, creating)),
    created: createdRecords(process, facts.created),
    send: sendRecords(process, facts, 'standard'),
    oom: oomScoreRecords(process, user !== undefined),
    prepared: preparedMeeting(spec),
    limits: limitMeeting(process.rlimits, user?.hostHelps ?? false),
  };
}

/**
 * The first attach to a v1 cgroup costs 5 ms or more (an RCU grace period), so on v1 the process is
 * spawned first, and its cgroup is made and joined while it mounts. On v2 clone3 puts it there at
 * once, so the cgroup comes first.
 */
function hostTrack({ spec, facts, namespaces, user, filter, created, send, ...parts }: Parts): PlanRecord[] {
  const { cgroup, cgroupPath } = facts;
  const hasCgroup = cgroupPath !== '';
  const made = hasCgroup ? cgroupRecords(cgroup, cgroupPath, spec.linux.resources) : [];
  const attach = hasCgroup ? attachRecords(cgroup, cgroupPath) : [];
  const early = cgroup.version === 2;
  const flags = spawnFlags(namespaces, false);
  return [
    ...shimRecords(facts),
    stdioRecord(spec.process, facts),
    ...created.before,
    ...filter.host,
    ...joinUserRecords(user),
    ...joinPidRecords(namespaces),
    ...(early ? made : []),
    onHost('spawn', { flags, cgroup: hasCgroup ? spawnCgroup(cgroup, cgroupPath) : '' }),
    ...parts.oom.host,
    ...mapRecords(user),
    ...send.pidfd,
    ...(early ? [] : [...made, ...attach]),
    ...(waitsForCgroup(facts) ? [onHost('post', { token: token.inCgroup })] : []),
    ...parts.prepared.host,
    ...send.terminal.host,
    ...parts.limits.host,
    ...created.host,
  ];
}

/**
 * All that does not need the cgroup comes before the wait: namespaces, mounts, devices, the pivot
 * (which waits for RCU too) and hidden paths. What could use more than its share, the program,
 * comes after it.
 */
function containerTrack({ spec, facts, namespaces, user, filter, created, send, ...parts }: Parts): PlanRecord[] {
  const { process } = spec;
  const mounts = mountRecords(spec, facts);
  const hooks = ownHooks(spec, facts);
  const pivot = inContainer(facts.noPivot ? 'move_root' : 'pivot_root', {});
  const openDevices = devicesAreOpen(facts.cgroup, spec.linux.resources?.devices);
  const available = user === undefined ? facts.capabilities : everyCapability;
  // A joined mount namespace has a /proc of somebody else's making.
  const joinsMount = Boolean(namespaces.get('mount')?.path);
  const labels = labelRecords(process, facts);
  const waitForCgroup = waitsForCgroup(facts) ? [inContainer('wait', { token: token.inCgroup })] : [];
  return [
    // Exact modes for all that is made below; the process's own mask is set at the end.
    inContainer('umask', { mask: 0 }),
    ...waitForMapRecords(user),
    ...becomeRootRecords(user),
    // While /proc is the host's.
    ...parts.oom.container,
    ...(joinsMount ? labels : []),
    ...enterRecords(namespaces),
    ...keyringRecords(facts),
    ...systemNameRecords(spec, namespaces),
    ...rootRecords(spec, facts),
    ...mounts.early,
    // Into the /dev that the mounts have made, and before a terminal needs /dev/pts.
    ...deviceRecords(spec),
    // The tree stands and its sources are still in view: the client's turn (which comes once the process is in its
    // cgroup), then that of the hooks in here.
    ...parts.prepared.container,
    ...(hooks.createContainer.length > 0 ? [...waitForCgroup, ...hooks.createContainer] : []),
    // As late as /proc is the host's: hooks are not to be confined like the program.
    ...(joinsMount ? [] : labels),
    ...workingFolderRecords(process.cwd),
    // After the client may have moved network devices here, which settings can name.
    ...sysctlRecords(spec, namespaces),
    ...attachStdioRecords(process, true),
    ...send.terminal.container,
    // Binds below a cgroup mount are rare; they keep the host's tree in view until they are made.
    ...(mounts.lateNeedsHost ? [] : [pivot]),
    // After sysctl and devices, which write where these paths forbid it.
    ...hiddenPathRecords(spec),
    // Then the cgroup namespace, whose root is the cgroup the process is in at that moment.
    ...waitForCgroup,
    ...(isNew(namespaces, 'cgroup') ? [inContainer('unshare', { flags: CLONE.CLONE_NEWCGROUP })] : []),
    ...mounts.late,
    ...(mounts.lateNeedsHost ? [pivot] : []),
    // Mounts in which the plan has made things itself, then the root: nothing is made after this.
    ...mounts.seal,
    ...rootAttributeRecords(spec, openDevices),
    // Raising a limit takes privileges; lowering NOFILE or AS earlier could break the steps above.
    ...parts.limits.container,
    ...credentialRecords(process, {
      filter: filter.container,
      beforeFilter: [...created.container, ...hooks.startContainer],
      available: withoutMknod(available, openDevices),
      noGroups: user?.noGroups ?? false,
    }),
    programRecord(process),
  ];
}

/** The daemon's shim listens and logs; that of a bare runtime is gone before anybody could ask. */
function shimRecords({ shim }: HostFacts): PlanRecord[] {
  if (shim === undefined) return [];
  const { log, logMaxBytes, logMaxFiles, socket, journal } = shim;
  return [onHost('shim', { socket, journal, log, logMaxBytes, logMaxFiles })];
}

function waitsForCgroup({ cgroup, cgroupPath }: HostFacts): boolean {
  return cgroup.version === 1 && cgroupPath !== '';
}

/** What only the client can do in the finished tree, in the order of ask-token.ts. */
function preparedMeeting(spec: RuntimeSpec): Meeting {
  const copies = spec.mounts.some(({ options = [] }) => options.includes('tmpcopyup'));
  const asks = [...(copies ? [askToken.copyUp] : []), ...(asksForRuntimeHooks(spec) ? [askToken.createRuntime] : [])];
  return meeting(
    { reached: token.mounted, done: token.prepared },
    asks.map((one) => onHost('ask', { token: one, keep: 0 })),
  );
}

/** docker and runc make a missing working folder; before the root becomes read-only. */
function workingFolderRecords(path: string): PlanRecord[] {
  return path === '/' ? [] : [inContainer('mkdir', { mode: 0o755, uid: 0, gid: 0, path })];
}
