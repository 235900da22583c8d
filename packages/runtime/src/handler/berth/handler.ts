import type { CallContext } from '@berth/model/context';
import type { ResourcesSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { ContainerCgroup } from '../../cgroup/container-cgroup.ts';
import type { CgroupLayout } from '../../cgroup/layout.ts';
import type { CgroupPlace } from '../../cgroup/place.ts';
import { placeOfSpec, startPlaceOfSpec } from '../../cgroup/spec-place.ts';
import { compileContainer } from '../../compile/container.ts';
import { compileExec } from '../../compile/exec.ts';
import type { HostFacts } from '../../compile/facts.ts';
import { dump } from '../../criu/dump.ts';
import { answerQuestion } from '../../launch/answers.ts';
import type { LaunchContext } from '../../launch/context.ts';
import { runLateHooks } from '../../launch/host-hook.ts';
import { changeScope, endScope } from '../../launch/scope.ts';
import type { Plan } from '../../plan/record.ts';
import type {
  Ask,
  CheckpointFiles,
  ContainerPlace,
  ExecRequest,
  FailedPlan,
  FailedStart,
  HandlerFeatures,
  RunningContainer,
  RuntimeHandler,
  StartPlanOptions,
} from '../contract.ts';
import { kernelFeatures } from '../kernel-features.ts';
import { mountMappedRoot, rootTree, unmountMappedRoot } from '../mapped-root.ts';
import { stepError } from '../step-error.ts';
import { writeHookBundle } from './hook-bundle.ts';

/** What the in-house runtime must know of the machine. */
export interface BerthHandlerOptions {
  readonly cgroups: CgroupLayout;
  /** What this process may hand on, a mask: more cannot be given to a container. */
  readonly capabilities: bigint;
  readonly apparmor: boolean;
  readonly selinux: boolean;
}

/** Milliseconds. */
const freshFor = 2_000;

interface Compiled {
  readonly id: string;
  readonly created: boolean;
  /** A time of performance.now(). */
  readonly at: number;
  readonly plan: Plan;
}

/** Berth's own runtime: a plan of system calls, carried out by the shim itself. */
export class BerthHandler implements RuntimeHandler {
  readonly name = 'berth';
  readonly #options: BerthHandlerOptions;
  /** What `validate` has compiled, for the start that most often follows: it takes a millisecond. */
  readonly #compiled = new WeakMap<RuntimeSpec, Compiled>();

  constructor(options: BerthHandlerOptions) {
    this.#options = options;
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  features(): Promise<HandlerFeatures> {
    return Promise.resolve(kernelFeatures());
  }

  validate(place: ContainerPlace, options: StartPlanOptions = {}): void {
    const plan = compileContainer(place.spec, this.#facts(place, options));
    this.#compiled.set(place.spec, { id: place.id, created: options.created === true, at: performance.now(), plan });
  }

  startPlan(place: ContainerPlace, options: StartPlanOptions = {}): Plan {
    writeHookBundle(place);
    mountMappedRoot(place, options);
    return this.#takeCompiled(place, options) ?? compileContainer(place.spec, this.#facts(place, options));
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
      cgroupPath: placeOfSpec(cgroups, id, spec.linux.cgroupsPath).path,
      stdin,
      namespaces,
      ...(seccomp === undefined || privileged ? {} : { seccomp }),
    });
  }

  async answer(context: CallContext, place: ContainerPlace, ask: Ask): Promise<void> {
    await answerQuestion(this.#launchContext(context, place), ask);
  }

  startError(_place: ContainerPlace, { plan, failure, name }: FailedPlan): Promise<FailedStart> {
    return Promise.resolve(stepError(plan, failure, name));
  }

  async started(context: CallContext, place: ContainerPlace, pid: number): Promise<void> {
    unmountMappedRoot(place);
    if (place.spec.hooks?.poststart === undefined) return;
    await runLateHooks(this.#launchContext(context, place), 'poststart', { status: 'running', pid });
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

  async update(_context: CallContext, place: ContainerPlace, resources: ResourcesSpec): Promise<void> {
    await changeScope({ cgroup: this.#place(place), rootless: false }, resources);
    await this.#cgroup(place).update(resources);
  }

  async checkpoint(
    _context: CallContext,
    place: ContainerPlace,
    { pid, images, work }: CheckpointFiles,
  ): Promise<void> {
    // What podman and CRI-O choose: connections and locks do not keep a container from being written down.
    const choices = { images, work, leaveRunning: true, tcpEstablished: true, fileLocks: true };
    await dump({ pid, rootfs: place.root?.target ?? place.spec.root.path }, place.spec, choices);
  }

  processes(_context: CallContext, place: ContainerPlace): Promise<number[]> {
    return this.#cgroup(place).pids();
  }

  async cleanUp(context: CallContext, place: ContainerPlace): Promise<void> {
    const cgroup = this.#cgroup(place);
    // With the host's pid namespace, or without a shim, others may live on.
    await cgroup.killAll();
    await endScope({ cgroup: this.#place(place), rootless: false });
    await cgroup.remove();
    unmountMappedRoot(place);
    if (place.spec.hooks?.poststop === undefined) return;
    await runLateHooks(this.#launchContext(context, place), 'poststop', { status: 'stopped', pid: 0 });
  }

  #launchContext({ log }: CallContext, place: ContainerPlace): LaunchContext {
    const { id, bundle, spec, root } = place;
    return { id, bundle, spec, rootfs: root?.target ?? spec.root.path, log, cgroup: this.#place(place) };
  }

  #place({ id, spec }: ContainerPlace): CgroupPlace {
    return placeOfSpec(this.#options.cgroups, id, spec.linux.cgroupsPath);
  }

  #cgroup(place: ContainerPlace): ContainerCgroup {
    const { layout, path } = this.#place(place);
    return new ContainerCgroup(layout, path);
  }

  /** Of this very spec, and so new that what it took from the machine (the cpus of the parent cgroup) still holds. */
  #takeCompiled({ id, spec }: ContainerPlace, { created = false }: StartPlanOptions): Plan | undefined {
    const compiled = this.#compiled.get(spec);
    this.#compiled.delete(spec);
    const isFresh = compiled !== undefined && performance.now() - compiled.at < freshFor;
    return isFresh && compiled.id === id && compiled.created === created ? compiled.plan : undefined;
  }

  #facts(place: ContainerPlace, options: StartPlanOptions): HostFacts {
    const { id, bundle, spec, stdin, shim, root } = place;
    const { created, rootMounts = [] } = options;
    const { cgroups, ...machine } = this.#options;
    const { layout, path, unit } = startPlaceOfSpec(cgroups, id, spec.linux.cgroupsPath);
    const mounted = root === undefined ? {} : { rootMounts, rootTarget: root.target, rootParent: root.parent };
    return {
      ...machine,
      id,
      bundle,
      cgroup: layout,
      cgroupPath: path,
      systemdScope: unit !== undefined,
      stdin,
      shim,
      ...mounted,
      ...rootTree(place),
      ...(created ? { created: 'ask' as const } : {}),
    };
  }
}

function defined<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}
