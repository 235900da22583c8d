import type { CallContext } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import { ContainerCgroup } from '../cgroup/container-cgroup.ts';
import type { CgroupLayout } from '../cgroup/layout.ts';
import { placeOfSpec } from '../cgroup/spec-place.ts';
import type {
  ContainerPlace,
  FailedPlan,
  FailedStart,
  HandlerFeatures,
  RunningContainer,
  RuntimeHandler,
} from './contract.ts';
import { leaveNothing } from './leave-nothing.ts';
import { stepError } from './step-error.ts';

/**
 * In place of a runtime that the configuration does not name any more. Its containers go on, can be looked at, ended
 * and removed, through their shims and cgroups; nothing can be started.
 */
export class AbsentHandler implements RuntimeHandler {
  readonly name: string;
  readonly #cgroups: CgroupLayout;
  readonly #known: readonly string[];

  constructor(name: string, cgroups: CgroupLayout, known: readonly string[]) {
    this.name = name;
    this.#cgroups = cgroups;
    this.#known = known;
  }

  check(): Promise<void> {
    return Promise.reject(unknownRuntime(this.name, this.#known));
  }

  features(): Promise<HandlerFeatures> {
    return Promise.resolve({ recursiveReadonly: false, userNamespaces: false });
  }

  validate(): Promise<void> {
    return this.check();
  }

  startPlan(): Promise<never> {
    return Promise.reject(unknownRuntime(this.name, this.#known));
  }

  execPlan(): Promise<never> {
    return Promise.reject(unknownRuntime(this.name, this.#known));
  }

  answer(): Promise<void> {
    return this.check();
  }

  startError(_place: ContainerPlace, { plan, failure, name }: FailedPlan): Promise<FailedStart> {
    return Promise.resolve(stepError(plan, failure, name));
  }

  started(): Promise<void> {
    return Promise.resolve();
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

  update(): Promise<void> {
    return this.check();
  }

  checkpoint(): Promise<void> {
    return this.check();
  }

  processes(_context: CallContext, place: ContainerPlace): Promise<number[]> {
    return this.#cgroup(place).pids();
  }

  cleanUp(_context: CallContext, place: ContainerPlace): Promise<void> {
    return leaveNothing(this.#cgroups, place);
  }

  #cgroup({ id, spec }: ContainerPlace): ContainerCgroup {
    const { layout, path } = placeOfSpec(this.#cgroups, id, spec.linux.cgroupsPath);
    return new ContainerCgroup(layout, path);
  }
}

/** @param known the names that there are */
export function unknownRuntime(name: string, known: readonly string[]): BerthError {
  return new BerthError('invalid_argument', `unknown runtime '${name}'`, {
    code: 'unknown_runtime',
    hint: `there is ${known.join(', ')}; others are named in berthd's configuration: [runtimes.${name}]`,
  });
}
