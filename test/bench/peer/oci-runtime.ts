import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { timedCommand } from '../timed-command.ts';
import { findPeer, peerEnv } from './packages.ts';

interface Spec {
  readonly linux?: { readonly namespaces?: readonly { readonly type: string }[] };
  readonly hooks?: unknown;
}

/** A bundle of the spec that our own daemon would run, on a plain folder as root file system. */
export class Bundle implements Disposable {
  readonly folder: string;
  #count = 0;

  constructor(spec: unknown, rootfs: string) {
    this.folder = mkdtempSync('/tmp/bb-');
    const { linux, hooks: _, ...rest } = spec as Spec;
    // Runtimes of Debian 12 know neither time namespaces nor later versions of the specification.
    const namespaces = linux?.namespaces?.filter(({ type }) => type !== 'time');
    const ownLinux = { ...linux, namespaces, cgroupsPath: '/berth-bench-peer' };
    const own = { ...rest, ociVersion: '1.0.2', root: { path: rootfs }, linux: ownLinux };
    writeFileSync(path.join(this.folder, 'config.json'), JSON.stringify(own));
    mkdirSync(path.join(this.folder, 'state'));
  }

  /** Milliseconds from the start of `RUNTIME run` to its end. @throws Error with what the runtime said */
  async run(program: string): Promise<number> {
    const id = `bench-${this.#count++}`;
    const argv = [program, '--root', path.join(this.folder, 'state'), 'run', '--bundle', this.folder, id];
    return await timedCommand(argv, peerEnv());
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The runtimes that run the bundle here, and why the others do not. */
export async function workingRuntimes(
  bundle: Bundle,
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
      await bundle.run(program);
      programs.set(name, program);
    } catch (error) {
      notes.push(`${name} left out: it refuses this machine: ${(error as Error).message.split(': ').at(-1)}`);
    }
  }
  return { programs, notes };
}
