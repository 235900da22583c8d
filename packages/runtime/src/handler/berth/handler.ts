import type { CallContext } from '@berth/model/context';
import type { ResourcesSpec } from '@berth/model/runtime-spec';
import { ContainerCgroup } from '../../cgroup/container-cgroup.ts';
import type { CgroupLayout } from '../../cgroup/layout.ts';
import { compileContainer } from '../../compile/container.ts';
import { compileExec } from '../../compile/exec.ts';
import type { HostFacts } from '../../compile/facts.ts';
import { answerQuestion } from '../../launch/answers.ts';
import type { LaunchContext } from '../../launch/context.ts';
import { runLateHooks } from '../../launch/host-hook.ts';
import type { Plan } from '../../plan/record.ts';
import type {
  Ask,
  ContainerPlace,
  ExecRequest,
  FailedPlan,
  FailedStart,
  RunningContainer,
  RuntimeHandler,
  StartPlanOptions,
} from '../contract.ts';
import { stepError } from '../step-error.ts';

/** What the in-house runtime must know of the machine. */
export interface BerthHandlerOptions {
  readonly cgroups: CgroupLayout;
  /** What this process may hand on, a mask: more cannot be given to a container. */
  readonly capabilities: bigint;
  readonly apparmor: boolean;
  readonly selinux: boolean;
}

/** Berth's own runtime: a plan of system calls, carried out by the shim itself. */
export class BerthHandler implements RuntimeHandler {
  readonly name = 'berth';
  readonly #options: BerthHandlerOptions;

  constructor(options: BerthHandlerOptions) {
    this.#options = options;
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  validate(place: ContainerPlace, options: StartPlanOptions = {}): void {
    this.startPlan(place, options);
  }

  startPlan(place: ContainerPlace, options: StartPlanOptions = {}): Plan {
    return compileContainer(place.spec, this.#facts(place, options));
  }

  execPlan({ id, bundle, spec }: ContainerPlace, { process, stdin, privileged = false }: ExecRequest): Plan {
    const { namespaces, seccomp, personality, memoryPolicy } = spec.linux;
    const { cgroups, ...machine } = this.#options;
    return compileExec(process, {
      ...machine,
      ...defined({ personality, memoryPolicy, annotations: spec.annotations }),
      id,
      bundle,
      cgroup: cgroups,
      cgroupPath: spec.linux.cgroupsPath ?? '',
      stdin,
      namespaces,
      ...(seccomp === undefined || privileged ? {} : { seccomp }),
    });
  }

  async answer(context: CallContext, place: ContainerPlace, ask: Ask): Promise<void> {
    await answerQuestion(launchContext(context, place), ask);
  }

  startError(_place: ContainerPlace, { plan, failure, name }: FailedPlan): Promise<FailedStart> {
    return Promise.resolve(stepError(plan, failure, name));
  }

  async started(context: CallContext, place: ContainerPlace, pid: number): Promise<void> {
    if (place.spec.hooks?.poststart === undefined) return;
    await runLateHooks(launchContext(context, place), 'poststart', { status: 'running', pid });
  }

  async kill(_context: CallContext, running: RunningContainer, signal: number): Promise<void> {
    await running.signal(signal);
  }

  pause(_context: CallContext, place: ContainerPlace): Promise<void> {
    return this.#cgroup(place).freeze();
  }

  resume(_context: CallContext, place: ContainerPlace): Promise<void> {
    return this.#cgroup(place).thaw();
  }

  update(_context: CallContext, place: ContainerPlace, resources: ResourcesSpec): Promise<void> {
    return this.#cgroup(place).update(resources);
  }

  processes(_context: CallContext, place: ContainerPlace): Promise<number[]> {
    return this.#cgroup(place).pids();
  }

  async cleanUp(context: CallContext, place: ContainerPlace): Promise<void> {
    const cgroup = this.#cgroup(place);
    // With the host's pid namespace, or without a shim, others may live on.
    await cgroup.killAll();
    await cgroup.remove();
    if (place.spec.hooks?.poststop === undefined) return;
    await runLateHooks(launchContext(context, place), 'poststop', { status: 'stopped', pid: 0 });
  }

  #cgroup({ spec }: ContainerPlace): ContainerCgroup {
    return new ContainerCgroup(this.#options.cgroups, spec.linux.cgroupsPath ?? '');
  }

  #facts({ id, bundle, spec, stdin, shim, root }: ContainerPlace, options: StartPlanOptions): HostFacts {
    const { created, rootMounts = [] } = options;
    const { cgroups, ...machine } = this.#options;
    const mounted = root === undefined ? {} : { rootMounts, rootTarget: root.target, rootParent: root.parent };
    return {
      ...machine,
      id,
      bundle,
      cgroup: cgroups,
      cgroupPath: spec.linux.cgroupsPath ?? '',
      stdin,
      shim,
      ...mounted,
      ...(created ? { created: 'ask' as const } : {}),
    };
  }
}

function launchContext({ log }: CallContext, { id, bundle, spec, root }: ContainerPlace): LaunchContext {
  return { id, bundle, spec, rootfs: root?.target ?? spec.root.path, log };
}

function defined<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}
