/** A machine to run containers on: a launcher, a busybox root file system, the host's facts. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, copyFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { ContainerCgroup } from '@berth/runtime/cgroup/container-cgroup';
import { detectCgroups } from '@berth/runtime/cgroup/detect';
import type { CgroupLayout } from '@berth/runtime/cgroup/layout';
import { compileContainer } from '@berth/runtime/compile/container';
import { containingMount } from '@berth/runtime/compile/containing-mount';
import type { HostFacts } from '@berth/runtime/compile/facts';
import { ownCapabilities } from '@berth/runtime/compile/own-capabilities';
import type { ContainerSpecInput } from '@berth/runtime/defaults/container-spec-input';
import { buildSpec, hostSpecFacts } from '@berth/runtime/defaults/spec';
import type { Plan } from '@berth/runtime/plan/record';
import type { ShimConnection } from '@berth/runtime/shim/connection';
import { Launcher } from '@berth/runtime/shim/launcher';
import type { Exit, Started } from '@berth/runtime/shim/message';

const binary = join(import.meta.dirname, '../../build/native/berth-launcher');
const applets =
  'sh cat echo id ls mount umount grep touch stat pwd tty stty readlink sleep mkdir true head hostname mknod'.split(
    ' ',
  );

/** Why containers cannot be run here, if so. */
export function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync(binary)) return `${binary} is not built`;
  return existsSync('/bin/busybox') ? undefined : 'needs a static busybox';
}

export interface Running {
  readonly started: Started;
  readonly plan: Plan;
  readonly spec: RuntimeSpec;
  readonly shim: ShimConnection;
  readonly cgroup: ContainerCgroup;
  readonly cgroupPath: string;
  /** The first process's exit. */
  readonly exited: Promise<Exit>;
  /** The exit of an exec. */
  exitOf(process: number): Promise<Exit>;
  /** What all processes wrote so far. */
  output(): string;
}

export class Machine {
  readonly folder: string;
  readonly layout: CgroupLayout = detectCgroups();
  /** All containers of one test file are below it, so that nothing of theirs can be left. */
  readonly parent = `/berth-test-${process.pid}`;
  readonly #launcher: Launcher;
  #count = 0;

  private constructor(folder: string, launcher: Launcher) {
    this.folder = folder;
    this.#launcher = launcher;
  }

  static async open(): Promise<Machine> {
    const folder = mkdtempSync(join(tmpdir(), 'berth-run-'));
    makeRoot(join(folder, 'image'));
    return new Machine(folder, await Launcher.start({ binary, socket: join(folder, 'launcher') }));
  }

  /** Compiles a container with an overlay of its own and starts it. */
  async run(script: string, input: Partial<ContainerSpecInput> = {}): Promise<Running> {
    const id = `c${this.#count++}`;
    const [root, up, work] = ['root', 'up', 'work'].map((name) => join(this.folder, id, name));
    for (const folder of [root, up, work]) mkdirSync(folder!, { recursive: true });
    const args = { rootPath: root!, args: ['sh', '-c', script], hostname: 'box' };
    const spec = buildSpec({ ...args, ...input }, hostSpecFacts());
    const overlay = [`lowerdir=${join(this.folder, 'image')}`, `upperdir=${up}`, `workdir=${work}`];
    const facts = this.facts(id, { rootTarget: root!, rootMounts: [{ type: 'overlay', options: overlay }] });
    const plan = compileContainer(spec, facts);
    const cgroup = new ContainerCgroup(this.layout, facts.cgroupPath);
    return await this.#start({ spec, plan, cgroup, cgroupPath: facts.cgroupPath });
  }

  facts(id: string, root: Partial<HostFacts> = {}): HostFacts {
    const [socket, journal] = ['s', 'journal'].map((name) => join(this.folder, id, name));
    return {
      cgroup: this.layout,
      cgroupPath: `${this.parent}/${id}`,
      stdin: false,
      capabilities: ownCapabilities(),
      rootParent: containingMount(this.folder),
      shim: { socket: socket!, journal: journal!, log: '', logMaxBytes: 0, logMaxFiles: 1 },
      ...root,
    };
  }

  async #start(made: Pick<Running, 'spec' | 'plan' | 'cgroup' | 'cgroupPath'>): Promise<Running> {
    let text = '';
    const exits = new Map<number, PromiseWithResolvers<Exit>>();
    const exitOf = (number: number) => {
      const known = exits.get(number) ?? Promise.withResolvers<Exit>();
      exits.set(number, known);
      return known;
    };
    const shim = await this.#launcher.shim({
      onOutput: ({ bytes }) => void (text += Buffer.from(bytes).toString()),
      onExit: (exit) => exitOf(exit.process).resolve(exit),
    });
    const options = { output: true, watch: true };
    const started = await shim.start(made.plan, options).catch(async (error: unknown) => {
      await made.cgroup.remove();
      throw error;
    });
    const exited = exitOf(0).promise;
    return { ...made, shim, started, exited, output: () => text, exitOf: (number) => exitOf(number).promise };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#launcher.close();
    const all = new ContainerCgroup(this.layout, this.parent);
    await all.killAll();
    await all.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function makeRoot(root: string): void {
  for (const folder of ['bin', 'etc', 'tmp']) mkdirSync(join(root, folder), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const name of applets) symlinkSync('busybox', join(root, 'bin', name));
}
