import type { PlanRecord } from '../plan/record.ts';
import { credentialRecords } from './credential.ts';
import { hiddenPathRecords } from './hidden-path.ts';
import { ownHooks } from './hook.ts';
import { keyringRecords, labelledKeyringRecords } from './keyring.ts';
import { CLONE } from './kernel-flags.ts';
import { labelRecords } from './label.ts';
import { token } from './meeting.ts';
import { enterRecords, isNew } from './namespace.ts';
import { programRecord } from './program.ts';
import { rootAttributeRecords } from './root.ts';
import type { StartParts } from './start-part.ts';
import { attachStdioRecords } from './stdio.ts';
import { inContainer } from './step.ts';
import { sysctlRecords } from './sysctl.ts';
import { systemNameRecords } from './system-name.ts';
import { timeRecords } from './time-offset.ts';
import { tuningRecords } from './tuning.ts';
import { becomeRootRecords, isJoinedEarly, waitForMapRecords } from './user-namespace.ts';

/** All capabilities there are: what a process has in a user namespace of its own. */
const everyCapability = 0xffff_ffff_ffff_ffffn;

/**
 * The process's side of a container's start, in four parts. All that does not need the cgroup comes before the wait
 * for it: namespaces, mounts, devices, the pivot (which waits for RCU too) and hidden paths. What could use more than
 * its share, the program, comes after it.
 */
export function processTrack(parts: StartParts): PlanRecord[] {
  return [...enter(parts), ...build(parts), ...close(parts), ...become(parts)];
}

/** Into the namespaces. */
function enter({ spec, facts, namespaces, user, oom }: StartParts): PlanRecord[] {
  return [
    // Exact modes for all that is made below; the process's own mask is set at the end.
    inContainer('umask', { mask: 0 }),
    ...waitForMapRecords(user),
    ...timeRecords(spec, namespaces),
    ...becomeRootRecords(user),
    // While /proc is the host's.
    ...oom.container,
    ...(joinsMount({ namespaces }) ? labelRecords(spec.process, facts) : []),
    ...enterRecords(namespaces, (type) => isJoinedEarly(user, type)),
    ...(joinsMount({ namespaces }) ? keyringRecords(facts) : labelledKeyringRecords(spec.process, facts)),
    ...systemNameRecords(spec, namespaces),
  ];
}

/** The file tree, with the host's still in view. */
function build({ spec, facts, namespaces, root, mounts, devices, prepared, send, ...parts }: StartParts): PlanRecord[] {
  const { createContainer } = ownHooks(spec, facts);
  return [
    ...root,
    ...mounts.early,
    // Into the /dev that the mounts have made, and before a terminal needs /dev/pts.
    ...devices,
    // The tree stands and its sources are still in view: the client's turn (which comes once the process is in its
    // cgroup), then that of the hooks in here.
    ...prepared.container,
    ...(createContainer.length > 0 ? [...waitForCgroup(parts), ...createContainer] : []),
    // As late as /proc is the host's: hooks are not to be confined like the program.
    ...(joinsMount({ namespaces }) ? [] : labelRecords(spec.process, facts)),
    ...workingFolderRecords(spec.process.cwd),
    // After the client may have moved network devices here, which settings can name.
    ...sysctlRecords(spec, namespaces),
    ...attachStdioRecords(spec.process, true),
    ...send.terminal.container,
  ];
}

/** Away from the host's tree; then nothing is made any more, and what is not to be written or seen is closed. */
function close({ spec, facts, namespaces, mounts, ...parts }: StartParts): PlanRecord[] {
  const pivot = inContainer(facts.noPivot ? 'move_root' : 'pivot_root', {});
  return [
    // Binds below a cgroup mount are rare; they keep the host's tree in view until they are made.
    ...(mounts.lateNeedsHost ? [] : [pivot]),
    // After sysctl and devices, which write where these paths forbid it.
    ...hiddenPathRecords(spec),
    // Then the cgroup namespace, whose root is the cgroup the process is in at that moment.
    ...waitForCgroup(parts),
    ...(isNew(namespaces, 'cgroup') ? [inContainer('unshare', { flags: CLONE.CLONE_NEWCGROUP })] : []),
    ...mounts.late,
    ...(mounts.lateNeedsHost ? [pivot] : []),
    // Mounts in which the plan has made things itself, then the root: nothing is made after this.
    ...mounts.seal,
    ...rootAttributeRecords(spec),
  ];
}

/** From root in its namespaces to the program. */
function become({ spec, facts, user, filter, created, limits }: StartParts): PlanRecord[] {
  const { process, linux } = spec;
  return [
    // Raising a limit takes privileges; lowering NOFILE or AS earlier could break the steps above.
    ...limits.container,
    ...tuningRecords(process, linux),
    ...credentialRecords(process, {
      filter: filter.container,
      beforeFilter: [...created.container, ...ownHooks(spec, facts).startContainer],
      available: (user === undefined ? facts.capabilities : undefined) ?? everyCapability,
      noGroups: user === undefined ? false : user.noGroups,
    }),
    programRecord(process),
  ];
}

/** A joined mount namespace has a /proc of somebody else's making. */
function joinsMount({ namespaces }: Pick<StartParts, 'namespaces'>): boolean {
  return Boolean(namespaces.get('mount')?.path);
}

function waitForCgroup({ joinsCgroup }: Pick<StartParts, 'joinsCgroup'>): PlanRecord[] {
  return joinsCgroup ? [inContainer('wait', { token: token.inCgroup })] : [];
}

/** docker and runc make a missing working folder; before the root becomes read-only. */
function workingFolderRecords(path: string): PlanRecord[] {
  return path === '/' ? [] : [inContainer('mkdir', { mode: 0o755, uid: 0, gid: 0, path })];
}
