import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Box } from '../conformance/suite/box.ts';
import { Programs } from '../conformance/suite/rootfs.ts';
import type { Runtime } from '../conformance/suite/runtime.ts';

/** The programs of the attacks, built once for a file of tests. */
export class Armoury implements Disposable {
  readonly programs = new Programs();
  readonly folder = mkdtempSync('/tmp/bc-attack-');

  constructor() {
    for (const name of ['swap', 'hunt']) {
      const source = path.join(import.meta.dirname, 'programs', `${name}.c`);
      execFileSync('cc', ['-static', '-O1', '-Wall', '-Wextra', '-Werror', '-o', this.program(name), source]);
    }
  }

  program(name: string): string {
    return path.join(this.folder, name);
  }

  box(runtime: Runtime): Box {
    return new Box(runtime, this.programs);
  }

  [Symbol.dispose](): void {
    this.programs[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Somebody who exchanges two names all the time. */
export class Swapper implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(armoury: Armoury, [one, two]: readonly [string, string]) {
    this.#child = spawn(armoury.program('swap'), [one, two], { stdio: 'ignore' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/** How an attempt ended: what the attacker got, or undefined when it was held. */
export type Loot = string | undefined;

/** One way out of a container. It is made from scratch for every runtime. */
export interface Attempt {
  readonly name: string;
  readonly run: (runtime: Runtime, armoury: Armoury) => Promise<Loot>;
  /** Whether runc 1.1 lets it through, which proves that the attempt means something; a race is won by luck. */
  readonly works?: 'always' | 'by luck';
}
