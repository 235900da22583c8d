import { posix } from 'node:path';
import type { ProcessSpec } from '@berth/model/runtime-spec';
import { attachRecords, spawnCgroup } from '../cgroup/records.ts';
import type { Plan, PlanRecord } from '../plan/record.ts';
import { resctrlAttachRecords } from '../resctrl/records.ts';
import { credentialRecords } from './credential.ts';
import type { ExecFacts } from './facts.ts';
import { filterRecords } from './filter.ts';
import { keyringRecords } from './keyring.ts';
import { labelRecords } from './label.ts';
import { token } from './meeting.ts';
import { namespaceFlags, namespaceMap } from './namespace.ts';
import type { NamespaceMap } from './namespace.ts';
import { oomScoreRecords } from './oom-score.ts';
import { programRecord } from './program.ts';
import { cacheRecords } from './resctrl.ts';
import { limitMeeting } from './rlimit.ts';
import { agentState } from './state.ts';
import { attachStdioRecords, sendRecords, stdioRecord } from './stdio.ts';
import { inContainer, onHost } from './step.ts';
import { affinityRecords, tuningRecords } from './tuning.ts';

/** All capabilities there are: what a process has in a user namespace. */
const everyCapability = 0xffff_ffff_ffff_ffffn;

/**
 * A further process in a running container, as a plan for the container's own shim, or (`facts.pid`) for one that
 * lasts as long as the process. It joins the
 * namespaces of the first process through its pidfd, so that a reused pid can never be meant.
 * Throws as `compileContainer` does; paths in errors are those of the process (`process.cwd`).
 */
export function compileExec(process: ProcessSpec, facts: ExecFacts): Plan {
  const namespaces = namespaceMap(facts.namespaces);
  const hasUser = namespaces.has('user');
  const cgroup = enterCgroup(process, facts);
  const running = { first: facts.pid, status: 'running', annotations: facts.annotations };
  const filter = filterRecords(facts.seccomp, facts.architecture, (one) => agentState(one, facts, running));
  const send = sendRecords(process, facts, 'setns');
  const oom = oomScoreRecords(process, hasUser);
  const limits = limitMeeting(process.rlimits, hasUser && !facts.rootless);
  return {
    records: [
      ...(facts.pid === undefined ? [] : [onHost('join_process', { pid: facts.pid })]),
      stdioRecord(process, facts),
      ...filter.host,
      ...joinRecords(namespaces, facts),
      onHost('spawn', { flags: 0, cgroup: cgroup.spawn }),
      ...send.pidfd,
      ...oom.host,
      ...cgroup.host,
      ...send.terminal.host,
      ...limits.host,
      // While /proc is the host's.
      ...oom.container,
      ...cgroup.before,
      ...labelRecords(process, facts),
      inContainer('setns', { flags: joinFlags(namespaces, facts), path: '' }),
      ...(hasUser ? [inContainer('user', { uid: 0, gid: 0 })] : []),
      ...keyringRecords(facts),
      inContainer('root_open', { path: '/' }),
      ...attachStdioRecords(process, false),
      ...send.terminal.container,
      ...limits.container,
      ...tuningRecords(process, facts),
      // As late as can be: a v1 attach takes longer than all of the above.
      ...cgroup.after,
      ...credentialRecords(process, {
        filter: filter.container,
        beforeFilter: [],
        available: (hasUser ? undefined : facts.capabilities) ?? everyCapability,
        noGroups: facts.setgroups === false,
      }),
      programRecord(process),
    ],
  };
}

interface EnterCgroup {
  /** The folder for clone3, or empty. */
  readonly spawn: string;
  readonly host: readonly PlanRecord[];
  readonly before: readonly PlanRecord[];
  readonly after: readonly PlanRecord[];
}

/**
 * The way into the container's cgroup, and the processors that execCPUAffinity wants before and after it. With an
 * initial list the process has to be somewhere else first, so on v2 it is then not born there.
 */
function enterCgroup({ execCPUAffinity = {} }: ProcessSpec, facts: ExecFacts): EnterCgroup {
  const { cgroup, cgroupPath, subCgroups } = facts;
  const initial = affinityRecords(execCPUAffinity.initial, 'process.execCPUAffinity.initial');
  const final = affinityRecords(execCPUAffinity.final, 'process.execCPUAffinity.final');
  const hasCgroup = cgroupPath !== '';
  const folder = hasCgroup ? spawnCgroup(cgroup, cgroupPath, subCgroups) : '';
  const isMoved = folder !== '' && initial.length > 0;
  const attach = [
    ...(hasCgroup ? attachRecords(cgroup, cgroupPath, subCgroups) : []),
    ...(isMoved ? [onHost('cgroup_attach', { path: posix.join(folder, 'cgroup.procs') })] : []),
    ...cacheRecords(facts.intelRdt, facts, resctrlAttachRecords),
  ];
  const spawn = isMoved ? '' : folder;
  if (attach.length === 0) return { spawn, host: [], before: initial, after: final };
  const { placed, inCgroup } = token;
  const waits = initial.length > 0;
  return {
    spawn,
    host: [...(waits ? [onHost('wait', { token: placed })] : []), ...attach, onHost('post', { token: inCgroup })],
    before: [...initial, ...(waits ? [inContainer('post', { token: placed })] : [])],
    after: [inContainer('wait', { token: inCgroup }), ...final],
  };
}

/**
 * A pid namespace is joined by children to come; empty: that of the first process. Without privileges on the host
 * that takes the rights of the container's user namespace, so the process is made in it.
 */
function joinRecords(namespaces: NamespaceMap, facts: ExecFacts): PlanRecord[] {
  const user = madeInUser(namespaces, facts) ? [onHost('join_early', { path: `/proc/${facts.pid}/ns/user` })] : [];
  return [...user, ...(namespaces.has('pid') ? [onHost('join_pid', { path: '' })] : [])];
}

function madeInUser(namespaces: NamespaceMap, { rootless, pid }: ExecFacts): boolean {
  return namespaces.has('user') && Boolean(rootless) && pid !== undefined;
}

/**
 * All that the container has, new or joined, but pid (join_pid). One setns for all: joining the
 * mount namespace first would hide the others' files. The cgroup namespace does not depend on the
 * cgroup here, so nothing waits for the attach.
 */
function joinFlags(namespaces: NamespaceMap, facts: ExecFacts): number {
  let flags = 0;
  for (const type of namespaces.keys()) if (type !== 'pid') flags |= namespaceFlags[type];
  return madeInUser(namespaces, facts) ? flags & ~namespaceFlags.user : flags;
}
