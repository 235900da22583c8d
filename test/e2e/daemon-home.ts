import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readConfig } from '../../packages/engine/src/daemon/config.ts';
import { archive, ociLayout } from '../harness/archives.ts';
import { cgroupFoldersOf } from '../harness/cgroup-folders.ts';
import { type CommandOptions, type Ran, runCommand } from '../harness/command.ts';
import type { Places } from '../harness/engine.ts';
import { testImage } from '../harness/images.ts';
import { processesOf } from '../harness/process-table.ts';
import { mountsBelow, sweep } from '../harness/sweep.ts';

const project = path.join(import.meta.dirname, '../..');

/** Folders of an engine that nobody has started yet: the command has to, or the test does it by `berthd`. */
export class DaemonHome implements Places, AsyncDisposable {
  readonly home: string = mkdtempSync('/tmp/bd-');
  readonly root: string = path.join(this.home, 'root');
  readonly run: string = path.join(this.home, 'run');
  readonly socket: string = path.join(this.run, 'berth.sock');
  /** The one that an engine with this root chooses by itself. */
  readonly cgroupParent: string = readConfig(['--root', this.root], { BERTH_CONFIG: '/dev/null' }).cgroupParent;
  readonly #env: NodeJS.ProcessEnv;

  constructor(env: Readonly<Record<string, string>> = {}) {
    this.#env = {
      ...process.env,
      BERTH_ROOT: this.root,
      BERTH_RUN: this.run,
      BERTH_CONFIG: '/dev/null',
      ...env,
    };
  }

  berth(args: readonly string[], options: CommandOptions = {}): Promise<Ran> {
    return runCommand([path.join(project, 'bin/berth'), ...args], {
      ...options,
      env: { ...this.#env, ...options.env },
    });
  }

  async expect(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.berth(args, options);
    if (code !== 0) throw new Error(`berth ${args.join(' ')}: code ${code}\n${stderr}${stdout}`);
    return stdout.replace(/\n$/, '');
  }

  /** A daemon that is to fail, or to serve until it is told to end. */
  berthd(args: readonly string[], options: CommandOptions = {}): Promise<Ran> {
    return runCommand([path.join(project, 'bin/berthd'), ...args], {
      ...options,
      env: { ...this.#env, ...options.env },
    });
  }

  startBerthd(args: readonly string[] = []): ChildProcess {
    const child = spawn(path.join(project, 'bin/berthd'), args, { env: this.#env, stdio: 'ignore', cwd: '/' });
    return child;
  }

  async loadBusybox(): Promise<void> {
    mkdirSync(this.home, { recursive: true });
    const file = path.join(this.home, 'busybox.tar');
    writeFileSync(file, archive(ociLayout(testImage(), 'busybox:latest')));
    await this.expect(['load', '-q', '-i', file]);
  }

  /** Processes of daemons on these folders, told by their environment. */
  daemons(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        const command = read(pid, 'cmdline');
        return command.includes('berthd.cjs') && read(pid, 'environ').includes(`BERTH_ROOT=${this.root}\0`);
      });
  }

  /** What is left of it on this machine but files. */
  left(): string[] {
    return [
      ...processesOf(this).map(({ pid, command }) => `process ${pid} ${command}`),
      ...this.daemons().map((pid) => `daemon ${pid}`),
      ...mountsBelow(this.home),
      ...cgroupFoldersOf(this),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.berth(['daemon', 'stop']).catch(() => undefined);
    for (const pid of this.daemons()) process.kill(pid, 'SIGKILL');
    await sweep(this, this.home);
  }
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
