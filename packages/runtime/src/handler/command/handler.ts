import { existsSync, mkdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CallContext } from '@berth/model/context';
import { asError, BerthError } from '@berth/model/error';
import type { ResourcesSpec } from '@berth/model/runtime-spec';
import type { CgroupLayout } from '../../cgroup/layout.ts';
import type { Plan } from '../../plan/record.ts';
import type {
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
import { leaveNothing } from '../leave-nothing.ts';
import { mountMappedRoot, unmountMappedRoot } from '../mapped-root.ts';
import { stepError } from '../step-error.ts';
import { commandFiles } from './arguments.ts';
import { adapt, bundleFile, plainInteger, writeBundle } from './bundle.ts';
import { startRefused } from './failure.ts';
import { askFeatures, type CommandFeatures } from './features.ts';
import { invoke } from './invoke.ts';
import { readLastError } from './log.ts';
import type { CommandRuntimeOptions } from './options.ts';
import { execRecords, startRecords } from './plan.ts';

import { tryRuntime } from './trial.ts';

/** As long as the memory of a large program takes to be written, ms. */
const checkpointPatience = 30 * 60_000;

/** Any program with runc's command line as a runtime handler: docs/runtimes.md. */
export class CommandHandler implements RuntimeHandler {
  readonly name: string;
  readonly #options: CommandRuntimeOptions;
  readonly #cgroups: CgroupLayout;
  #features: Promise<CommandFeatures> | undefined;
  #said: Promise<CommandFeatures> | undefined;

  constructor(options: CommandRuntimeOptions, cgroups: CgroupLayout) {
    this.name = options.name;
    this.#options = options;
    this.#cgroups = cgroups;
  }

  async check(): Promise<void> {
    await this.#tried();
  }

  /** By its own words, once it is there: whether it works on this machine is for `check` to say. */
  async features(): Promise<HandlerFeatures> {
    const { binary } = this.#options;
    if (!existsSync(binary)) return { recursiveReadonly: false, userNamespaces: false };
    this.#said ??= askFeatures(binary);
    const own = await this.#said;
    const kernel = kernelFeatures();
    return {
      recursiveReadonly: kernel.recursiveReadonly && own.recursiveReadonly,
      userNamespaces: kernel.userNamespaces && own.idmappedMounts,
    };
  }

  async validate({ spec }: ContainerPlace): Promise<void> {
    adapt(spec, await this.#tried());
  }

  async startPlan(place: ContainerPlace, options: StartPlanOptions = {}): Promise<Plan> {
    const features = await this.#tried();
    const target = place.root?.hostTarget;
    if (target !== undefined) mkdirSync(target, { recursive: true, mode: 0o700 });
    mkdirSync(this.#options.root, { recursive: true, mode: 0o700 });
    const rootPath = target ?? path.resolve(place.bundle, place.spec.root.path);
    await writeBundle(place.bundle, { ...place.spec, root: { ...place.spec.root, path: rootPath } }, features);
    const isMapped = mountMappedRoot(place, options);
    return startRecords(this.#options, place, isMapped ? { ...options, rootMounts: [] } : options);
  }

  async execPlan(place: ContainerPlace, exec: ExecRequest): Promise<Plan> {
    const files = commandFiles(place.folder, exec.number);
    // The number may have been another exec's.
    await Promise.all([files.pid, files.log, files.console].map((file) => rm(file, { force: true })));
    await writeFile(files.process, JSON.stringify(exec.process, plainInteger), { mode: 0o600 });
    return execRecords(this.#options, place, exec);
  }

  /** `create` runs the hooks itself. */
  answer(): Promise<void> {
    return Promise.reject(new BerthError('internal', `a plan of ${this.name} asks nothing`));
  }

  async startError(place: ContainerPlace, failed: FailedPlan): Promise<FailedStart> {
    const { plan, failure, name, exec } = failed;
    const record = failure.record === undefined ? undefined : plan.records[failure.record];
    if (record?.kind !== 'run_program' && record?.kind !== 'adopt') return stepError(plan, failure, name);
    const said = await readLastError(commandFiles(place.folder, exec).log);
    return said === undefined ? stepError(plan, failure, name) : startRefused(this.name, said, failure);
  }

  /** `start` runs the hooks itself. */
  started(): Promise<void> {
    return Promise.resolve();
  }

  async kill(_context: CallContext, { place }: RunningContainer, signal: number): Promise<void> {
    await this.#invoke(place, ['kill', place.id, String(signal)]);
  }

  async pause(_context: CallContext, place: ContainerPlace): Promise<void> {
    await this.#invoke(place, ['pause', place.id]);
  }

  async resume(_context: CallContext, place: ContainerPlace): Promise<void> {
    try {
      await this.#invoke(place, ['resume', place.id]);
    } catch (error) {
      // runc thaws what it kills.
      if (!(error instanceof BerthError && error.code === 'not_paused')) throw error;
    }
  }

  async update(_context: CallContext, place: ContainerPlace, resources: ResourcesSpec): Promise<void> {
    await this.#invoke(place, ['update', '--resources', '-', place.id], JSON.stringify(resources, plainInteger));
  }

  async checkpoint(_context: CallContext, place: ContainerPlace, { images, work }: CheckpointFiles): Promise<void> {
    const { folder, id } = place;
    const words = ['--leave-running', '--tcp-established', '--file-locks', '--image-path', images, '--work-path', work];
    await invoke(this.#options, { folder, words: ['checkpoint', ...words, id], patience: checkpointPatience });
  }

  async processes(_context: CallContext, place: ContainerPlace): Promise<number[]> {
    return JSON.parse(await this.#invoke(place, ['ps', '--format', 'json', place.id])) as number[];
  }

  async cleanUp(context: CallContext, place: ContainerPlace): Promise<void> {
    const bundle = path.join(place.bundle, bundleFile);
    // Without one it was never started, or is deleted already: a daemon that starts asks for all that have ended.
    if (existsSync(bundle)) await this.#delete(context, place);
    unmountMappedRoot(place);
    await leaveNothing(this.#cgroups, place);
    await rm(bundle, { force: true });
  }

  /** With `--force` what is not there is no error. Poststop hooks run in it. */
  async #delete(context: CallContext, place: ContainerPlace): Promise<void> {
    await this.#invoke(place, ['delete', '--force', place.id]).catch((error: unknown) => {
      const fields = { id: place.id, runtime: this.name, error: asError(error).message };
      context.log.warn('a runtime could not delete a container', fields);
    });
  }

  #invoke(place: ContainerPlace, words: readonly string[], input?: string): Promise<string> {
    const { folder } = place;
    return invoke(this.#options, { folder, words, ...(input === undefined ? {} : { input }) });
  }

  /** Once: a machine does not change. One that refused is asked again, because it may have been put right. */
  #tried(): Promise<CommandFeatures> {
    this.#features ??= tryRuntime(this.#options).catch((error: unknown) => {
      this.#features = undefined;
      throw error;
    });
    return this.#features;
  }
}
