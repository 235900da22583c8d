import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { timedCommand } from '../timed-command.ts';
import { findPeer, peerEnv } from './packages.ts';

interface Spec {
  readonly linux?: { readonly namespaces?: readonly { readonly type: string }[] };
  readonly hooks?: unknown;
}

/** A container of a peer that runs. */
export interface RunningBox {
  /** Milliseconds of the whole command. */
  exec(argv: readonly string[]): Promise<number>;
  delete(): Promise<void>;
}

interface Box {
  readonly id: string;
  readonly words: readonly string[];
  /** Milliseconds of its create. */
  readonly took: number;
  command(...rest: string[]): Promise<number>;
}

/** A bundle of the spec that our own daemon would run, on a plain folder as root file system. */
export class Bundle implements Disposable {
  readonly folder: string;
  readonly #spec: object;
  #count = 0;

  constructor(spec: unknown, rootfs: string) {
    this.folder = mkdtempSync('/tmp/bb-');
    const { linux, hooks: _, ...rest } = spec as Spec;
    // Runtimes of Debian 12 know neither time namespaces nor later versions of the specification.
    const namespaces = linux?.namespaces?.filter(({ type }) => type !== 'time');
    const ownLinux = { ...linux, namespaces, cgroupsPath: '/berth-bench-peer' };
    const own = { ...rest, ociVersion: '1.0.2', root: { path: rootfs }, linux: ownLinux };
    this.#spec = own;
    writeFileSync(path.join(this.folder, 'config.json'), JSON.stringify(own));
    mkdirSync(path.join(this.folder, 'state'));
  }

  /** Milliseconds from the start of `RUNTIME run` to its end. @throws Error with what the runtime said */
  async run(program: string, args?: readonly string[]): Promise<number> {
    const id = `bench-${this.#count++}`;
    const bundle = args === undefined ? this.folder : this.#other(args);
    const argv = [program, '--root', path.join(this.folder, 'state'), 'run', '--bundle', bundle, id];
    return await timedCommand(argv, peerEnv());
  }

  /** Milliseconds of create, start and delete together. @throws Error with what the runtime said */
  async life(program: string): Promise<number> {
    const box = await this.#create(program);
    const started = await box.command('start');
    return box.took + started + (await box.command('delete', '--force'));
  }

  /** A container that runs until it is deleted, if its program does. */
  async start(program: string): Promise<RunningBox> {
    const box = await this.#create(program);
    await box.command('start');
    return {
      exec: (argv) => timedCommand([...box.words, 'exec', box.id, ...argv], peerEnv()),
      delete: async () => void (await box.command('delete', '--force')),
    };
  }

  async #create(program: string): Promise<Box> {
    const id = `bench-${this.#count++}`;
    const words = [program, '--root', path.join(this.folder, 'state')];
    // The container inherits what it says its errors to: a pipe would stay open as long as it lives.
    const said = path.join(this.folder, 'said');
    const command = (...rest: string[]): Promise<number> =>
      timedCommand([...words, ...rest, ...(rest.includes(id) ? [] : [id])], peerEnv(), said);
    return { id, words, command, took: await command('create', '--bundle', this.folder) };
  }

  /** The same bundle with another program. */
  #other(args: readonly string[]): string {
    const folder = path.join(this.folder, 'other');
    mkdirSync(folder, { recursive: true });
    const { process } = this.#spec as { process: object };
    writeFileSync(path.join(folder, 'config.json'), JSON.stringify({ ...this.#spec, process: { ...process, args } }));
    return folder;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The runtimes that run the bundle here, and why the others do not. `args`: of a program that ends soon. */
export async function workingRuntimes(
  bundle: Bundle,
  args?: readonly string[],
): Promise<{ readonly programs: ReadonlyMap<string, string>; readonly notes: string[] }> {
  const programs = new Map<string, string>();
  const notes: string[] = [];
  for (const name of ['runc', 'crun']) {
    const program = findPeer(name);
    if (program === undefined) {
      notes.push(`${name} left out: it is not here, and could not be fetched`);
      continue;
    }
    try {
      await bundle.run(program, args);
      programs.set(name, program);
    } catch (error) {
      notes.push(`${name} left out: it refuses this machine: ${(error as Error).message.split(': ').at(-1)}`);
    }
  }
  return { programs, notes };
}
