import type { ProcessSpec } from '@berth/model/runtime-spec';
import { attachRecords, spawnCgroup } from '../cgroup/records.ts';
import type { Plan } from '../plan/record.ts';
import { credentialRecords } from './credential.ts';
import type { ExecFacts } from './facts.ts';
import { filterRecords } from './filter.ts';
import { namespaceFlags, namespaceMap } from './namespace.ts';
import type { NamespaceMap } from './namespace.ts';
import { oomScoreRecords } from './oom-score.ts';
import { devicesAreOpen, withoutMknod } from './open-device.ts';
import { programRecord } from './program.ts';
import { rlimitRecords } from './rlimit.ts';
import { attachStdioRecords, stdioRecord } from './stdio.ts';
import { inContainer, onHost } from './step.ts';

/** The one rendezvous: the host track has put the process into the container's cgroup. */
const inCgroup = { token: 1 } as const;

/**
 * A further process in a running container, as a plan for the container's own shim. It joins the
 * namespaces of the first process through its pidfd, so that a reused pid can never be meant.
 * Throws as `compileContainer` does; paths in errors are those of the process (`process.cwd`).
 */
export function compileExec(process: ProcessSpec, facts: ExecFacts): Plan {
  const { cgroup, cgroupPath } = facts;
  const namespaces = namespaceMap(facts.namespaces);
  const attach = attachRecords(cgroup, cgroupPath);
  const openDevices = devicesAreOpen(cgroup, facts.devices);
  const waits = attach.length > 0;
  const filter = filterRecords(facts.seccomp, facts.architecture);
  return {
    records: [
      stdioRecord(process, facts.stdin),
      // A pid namespace is joined by children to come; empty: that of the first process.
      ...(namespaces.has('pid') ? [onHost('join_pid', { path: '' })] : []),
      onHost('spawn', { flags: 0, cgroup: spawnCgroup(cgroup, cgroupPath) }),
      ...attach,
      ...(waits ? [onHost('post', inCgroup)] : []),
      // While /proc is the host's.
      ...oomScoreRecords(process),
      inContainer('setns', { flags: joinFlags(namespaces), path: '' }),
      inContainer('root_open', { path: '/' }),
      ...attachStdioRecords(process, false),
      ...rlimitRecords(process.rlimits),
      // As late as can be: a v1 attach takes longer than all of the above.
      ...(waits ? [inContainer('wait', inCgroup)] : []),
      ...credentialRecords(process, filter, withoutMknod(facts.capabilities, openDevices)),
      programRecord(process),
    ],
  };
}

/**
 * All that the container has, new or joined, but pid (join_pid). One setns for all: joining the
 * mount namespace first would hide the others' files. The cgroup namespace does not depend on the
 * cgroup here, so nothing waits for the attach.
 */
function joinFlags(namespaces: NamespaceMap): number {
  let flags = 0;
  for (const type of namespaces.keys()) if (type !== 'pid') flags |= namespaceFlags[type];
  return flags;
}
