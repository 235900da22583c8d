import { globSync, mkdtempSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallContext } from '@berth/model/context';
import type { HooksSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { cgroupFolder, cgroupFolders, type CgroupLayout, hierarchyOf } from '../cgroup/layout.ts';
import type { ContainerSpecInput } from '../defaults/container-spec-input.ts';
import { buildSpec, hostSpecFacts } from '../defaults/spec.ts';
import type { Launcher } from '../shim/launcher.ts';
import { Container } from './container.ts';
import type { ContainerPlace, RuntimeHandler } from './contract.ts';

/** What the suite runs on. */
export interface SuiteRuntime extends AsyncDisposable {
  /** A new one at each call, as another daemon has it. */
  handler(): RuntimeHandler;
  readonly launcher: Launcher;
  readonly context: CallContext;
  readonly cgroups: CgroupLayout;
  /** A folder of the test's own; its containers' folders are in it. */
  readonly folder: string;
  readonly cgroupParent: string;
  /** A root file system with busybox. */
  readonly rootfs: string;
}

export interface Wish extends Partial<ContainerSpecInput> {
  readonly hooks?: HooksSpec;
}

/** A container of the suite: of the place, what the tests look at. */
export class SuiteContainers {
  readonly #runtime: SuiteRuntime;
  readonly #all: Container[] = [];

  constructor(runtime: SuiteRuntime) {
    this.#runtime = runtime;
  }

  /** Creates a container that runs a shell script. */
  async create(script: string, wish: Wish = {}): Promise<Container> {
    const { launcher, context } = this.#runtime;
    const place = this.place({ args: ['sh', '-c', script], ...wish });
    const container = await Container.create({ handler: this.#runtime.handler(), launcher }, context, place);
    this.#all.push(container);
    return container;
  }

  async start(script: string, wish: Wish = {}): Promise<Container> {
    const container = await this.create(script, wish);
    await container.start(this.#runtime.context);
    return container;
  }

  async recover({ place }: Container): Promise<Container> {
    const { launcher } = this.#runtime;
    const container = await Container.recover({ handler: this.#runtime.handler(), launcher }, place);
    this.#all.push(container);
    return container;
  }

  place({ hooks, ...input }: Wish): ContainerPlace {
    const { folder: parent, rootfs, cgroupParent } = this.#runtime;
    const folder = mkdtempSync(path.join(parent, 'c-'));
    const id = path.basename(folder);
    const cgroupsPath = `${cgroupParent}/${id}`;
    const built = buildSpec(
      { rootPath: rootfs, args: ['true'], hostname: 'box', cgroupsPath, ...input },
      hostSpecFacts(),
    );
    const spec: RuntimeSpec = hooks === undefined ? built : { ...built, hooks };
    const [socket = '', journal = '', log = ''] = ['s', 'journal', 'log'].map((name) => path.join(folder, name));
    const shim = { socket, journal, log, logMaxBytes: 0, logMaxFiles: 1 };
    return { id, spec, bundle: folder, folder, shim, stdin: false };
  }

  /** What it wrote to one of its streams so far. */
  logOf({ place }: Container, stream: 'stdout' | 'stderr' = 'stdout'): string {
    const lines = readFileSync(place.shim.log, 'utf8').split('\n');
    return lines
      .filter((line) => line.split(' ')[1] === stream)
      .map((line) => line.split(' ').slice(3).join(' '))
      .join('\n');
  }

  /** The folders of its cgroup, one a hierarchy on v1. */
  cgroupsOf({ place }: { readonly place: ContainerPlace }): string[] {
    return cgroupFolders(this.#runtime.cgroups, place.spec.linux.cgroupsPath ?? '');
  }

  /** Of all containers of this suite. */
  allCgroups(): string[] {
    const parents = cgroupFolders(this.#runtime.cgroups, this.#runtime.cgroupParent);
    return parents.flatMap((parent) => globSync('*/', { cwd: parent }));
  }

  /** A limit as the kernel has it: the v1 file or the v2 file. */
  limitOf({ place }: Container, controller: string, files: { readonly v1: string; readonly v2: string }): string {
    const { cgroups } = this.#runtime;
    const { version, unified = '/sys/fs/cgroup' } = cgroups;
    const mountPoint = version === 2 ? unified : (hierarchyOf(cgroups, controller)?.mountPoint ?? '');
    const file = version === 2 ? files.v2 : files.v1;
    return readFileSync(path.join(cgroupFolder(mountPoint, place.spec.linux.cgroupsPath ?? ''), file), 'utf8').trim();
  }

  /** Whatever a test left of its containers. */
  async end(): Promise<void> {
    for (const container of this.#all.splice(0)) {
      await container.delete(this.#runtime.context, { force: true }).catch(() => undefined);
      await container.release();
    }
  }
}

/** Waits for what comes soon. @throws Error when it does not within ten seconds */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + 10_000; !condition(); await sleep(5)) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
  }
}
