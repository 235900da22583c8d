import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { askToken } from '../plan/ask-token.ts';
import type { PlanRecord } from '../plan/record.ts';
import { createdRecords } from './created.ts';
import type { Created } from './created.ts';
import { deviceRecords } from './device.ts';
import type { HostFacts } from './facts.ts';
import { filterRecords } from './filter.ts';
import type { FilterRecords } from './filter.ts';
import { asksForRuntimeHooks } from './hook.ts';
import { meeting, token } from './meeting.ts';
import type { Meeting } from './meeting.ts';
import { mountRecords } from './mount.ts';
import type { MountRecords } from './mount.ts';
import { namespaceMap } from './namespace.ts';
import type { NamespaceMap } from './namespace.ts';
import { oomScoreRecords } from './oom-score.ts';
import { limitMeeting } from './rlimit.ts';
import { agentState } from './state.ts';
import { rootRecords } from './root.ts';
import { sendRecords } from './stdio.ts';
import type { SendRecords } from './stdio.ts';
import { onHost } from './step.ts';
import { newTrees } from './tree.ts';
import { userNamespace } from './user-namespace.ts';
import type { UserNamespace } from './user-namespace.ts';

/** What both tracks of a container's start are made of. */
export interface StartParts {
  readonly spec: RuntimeSpec;
  readonly facts: HostFacts;
  readonly namespaces: NamespaceMap;
  readonly user: UserNamespace | undefined;
  readonly filter: FilterRecords;
  readonly created: Created;
  readonly send: SendRecords;
  readonly root: readonly PlanRecord[];
  readonly mounts: MountRecords;
  readonly devices: readonly PlanRecord[];
  /** Sources that the shim opens for the process. */
  readonly opened: readonly PlanRecord[];
  readonly oom: Meeting;
  readonly prepared: Meeting;
  readonly limits: Meeting;
  /** v1, a scope of systemd, or resctrl: the process is put into its cgroup while it goes on; it has to wait for that at some place. */
  readonly joinsCgroup: boolean;
}

export function startParts(spec: RuntimeSpec, facts: HostFacts): StartParts {
  const { process, annotations, linux } = spec;
  const namespaces = namespaceMap(linux.namespaces);
  const user = userNamespace(spec, facts, namespaces);
  const trees = newTrees(user?.hostHelps ?? false);
  const setting = { spec, facts, user, trees };
  const creating = { first: undefined, status: 'creating', annotations };
  return {
    spec,
    facts,
    namespaces,
    user,
    filter: filterRecords(linux.seccomp, facts.architecture, (seccomp) => agentState(seccomp, facts, creating)),
    created: createdRecords(process, facts.created),
    send: sendRecords(process, facts, 'standard'),
    root: rootRecords(setting),
    mounts: mountRecords(setting),
    devices: deviceRecords(setting),
    opened: trees.opened,
    oom: oomScoreRecords(process, user !== undefined),
    prepared: preparedMeeting(spec),
    limits: limitMeeting(process.rlimits, user?.hostHelps ?? false),
    joinsCgroup: joinsCgroup(spec, facts),
  };
}

function joinsCgroup({ linux }: RuntimeSpec, { cgroup, cgroupPath, systemdScope }: HostFacts): boolean {
  const isAttached = cgroupPath !== '' && (cgroup.version === 1 || Boolean(systemdScope));
  return isAttached || linux.intelRdt !== undefined;
}

/** What only the client can do in the finished tree, in the order of ask-token.ts. */
function preparedMeeting(spec: RuntimeSpec): Meeting {
  const copies = spec.mounts.some(({ type, options = [] }) => type === 'tmpfs' && options.includes('tmpcopyup'));
  const asks = [...(copies ? [askToken.copyUp] : []), ...(asksForRuntimeHooks(spec) ? [askToken.createRuntime] : [])];
  return meeting(
    { reached: token.mounted, done: token.prepared },
    asks.map((one) => onHost('ask', { token: one, keep: 0 })),
  );
}
