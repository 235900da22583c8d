import { readFileSync } from 'node:fs';
import { tolerate } from '@berth/model/error';
import type { ProcessSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { execPath } from '../cgroup/join.ts';
import { parseSubCgroups } from '../cgroup/sub-cgroup.ts';
import { compileExec } from '../compile/exec.ts';
import { ownCapabilities } from '../compile/own-capabilities.ts';
import type { Container } from '../state/container.ts';
import { isInUserNamespace } from './in-user-namespace.ts';
import { withHomeOfContainer } from './own-home.ts';
import { type AttachedPlan, type RunOptions, runPlan } from './run-plan.ts';
import { hasAppArmor, hasSelinux } from './security-module.ts';

/** What the caller of `exec` may choose beside the process. */
export interface ExecChoices {
  readonly preserve: number;
  readonly consoleSocket?: string;
  readonly pidfdSocket?: string;
  /** `exec --cgroup`: PATH or CONTROLLER:PATH below the container's own. */
  readonly cgroups?: readonly string[];
}

export interface ExecRequest extends ExecChoices, Pick<RunOptions, 'onOutput' | 'foreground'> {
  /** The container's. */
  readonly spec: RuntimeSpec;
  readonly process: ProcessSpec;
}

/** Runs one more process in a container. Resolves when its program runs; throws in words of what kept it from that. */
export async function execIn({ record }: Container, request: ExecRequest): Promise<AttachedPlan> {
  const { spec, preserve, foreground, onOutput } = request;
  const { layout, path } = record.cgroup;
  const { namespaces, seccomp, personality, memoryPolicy } = spec.linux;
  const plan = compileExec(withHomeOfContainer(request.process, record.pid), {
    id: record.id,
    bundle: record.bundle,
    cgroup: layout,
    cgroupPath: path === '' ? '' : await execPath(layout, path, record.pid),
    subCgroups: parseSubCgroups(request.cgroups ?? []),
    capabilities: ownCapabilities(),
    stdin: true,
    inherit: { preserve },
    pid: record.pid,
    namespaces,
    seccomp,
    personality,
    memoryPolicy,
    intelRdt: record.cacheShare?.spec,
    resctrl: record.cacheShare?.root,
    annotations: spec.annotations,
    setgroups: mayDropGroups(record.pid),
    rootless: record.rootless,
    inUserNamespace: isInUserNamespace(),
    apparmor: hasAppArmor(),
    selinux: hasSelinux(),
    consoleSocket: request.consoleSocket,
    pidfdSocket: request.pidfdSocket,
  });
  return await runPlan(plan, { preserve, foreground, onOutput });
}

/** A user namespace that a user without root has mapped himself has setgroups(2) denied, user_namespaces(7). */
function mayDropGroups(pid: number): boolean {
  let text = 'allow';
  tolerate(['ENOENT', 'EACCES'], () => (text = readFileSync(`/proc/${pid}/setgroups`, 'utf8')));
  return text.trim() !== 'deny';
}
