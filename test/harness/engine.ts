import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandOptions, type Ran, runCommand } from './command.ts';
import { eventPatience } from './patience.ts';
import { sweep } from './sweep.ts';

const project = path.join(import.meta.dirname, '../..');
const built = process.env['BERTH_FROM_SOURCE'] === undefined;
const daemonProgram = path.join(project, built ? 'build/berthd.cjs' : 'packages/engine/src/daemon/main.ts');
const commandProgram = path.join(project, built ? 'build/berth.cjs' : 'packages/cli/src/main.ts');

/** Why tests of the whole engine cannot run here; false when they can. */
export const whySkipped: string | false =
  process.getuid?.() !== 0
    ? 'needs root: it makes namespaces, mounts and cgroups'
    : !existsSync('/bin/busybox')
      ? 'needs busybox-static for the root file systems of containers'
      : false;

export interface EngineOptions {
  readonly root?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Where an engine keeps its things: all that it leaves behind carries one of these. */
export interface Places {
  readonly root: string;
  readonly run: string;
  readonly cgroupParent: string;
}

/** A real `berthd` of the test's own, with its own folders and cgroups. */
export class Engine implements Places, AsyncDisposable {
  readonly root: string;
  readonly run: string;
  readonly cgroupParent: string;
  readonly socket: string;
  readonly #home: string;
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;

  private constructor(home: string, options: EngineOptions) {
    this.#home = home;
    this.root = options.root ?? path.join(home, 'root');
    this.run = options.run ?? path.join(home, 'run');
    this.socket = path.join(this.run, 'berth.sock');
    this.cgroupParent = `/${path.basename(home)}`;
    this.#env = {
      ...process.env,
      BERTH_ROOT: this.root,
      BERTH_RUN: this.run,
      BERTH_CGROUP_PARENT: this.cgroupParent,
      // A configuration of this machine is no part of a test.
      BERTH_CONFIG: '/dev/null',
      ...options.env,
    };
  }

  /** Starts it and waits until it answers. */
  static async start(options: EngineOptions = {}): Promise<Engine> {
    // Sockets have 107 bytes for their whole path.
    const engine = new Engine(mkdtempSync('/tmp/bt-'), options);
    await engine.launch();
    return engine;
  }

  /** @throws Error when the daemon is not running */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the daemon of this test is not running');
    return pid;
  }

  /** All that its daemons wrote. */
  get log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  /** Runs the `berth` command against this engine. */
  berth(args: readonly string[], options: CommandOptions = {}): Promise<Ran> {
    return runCommand([process.execPath, '--', commandProgram, ...args], {
      ...options,
      env: { ...this.#env, ...options.env },
    });
  }

  /** The words to run `berth` with by other means, such as in a terminal; they need `env`. */
  command(args: readonly string[]): { readonly argv: readonly string[]; readonly env: NodeJS.ProcessEnv } {
    return { argv: [process.execPath, '--', commandProgram, ...args], env: this.#env };
  }

  /** Like `berth`, for what must succeed. @returns standard output without the last newline */
  async expect(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.berth(args, options);
    if (code !== 0) throw new Error(`berth ${args.join(' ')}: code ${code}\n${stderr}${stdout}${this.#lastLog()}`);
    return stdout.replace(/\n$/, '');
  }

  /** Starts the daemon, after a `kill9` or a `stop`. */
  async launch(): Promise<void> {
    const log = openSync(this.#logFile, 'a');
    const child = spawn(process.execPath, ['--', daemonProgram], {
      env: this.#env,
      cwd: '/',
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#child = child;
    for (const deadline = Date.now() + eventPatience; !(await answers(this.socket)); await sleep(5)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`berthd ended:\n${this.#lastLog()}`);
      if (Date.now() > deadline) throw new Error(`berthd does not answer:\n${this.#lastLog()}`);
    }
  }

  /** As a crash does. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.launch();
  }

  /** Ends the daemon and all that it left behind, whatever state it is in. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (this.#child !== undefined) await this.stop();
    } finally {
      await sweep(this, this.#home);
    }
  }

  get #logFile(): string {
    return path.join(this.#home, 'berthd.log');
  }

  #lastLog(): string {
    return this.log.split('\n').slice(-20).join('\n');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    const late = sleep(eventPatience, 'late', { ref: false });
    if ((await Promise.race([exited, late])) !== 'late') return;
    child.kill('SIGKILL');
    throw new Error(`berthd did not end on ${signal}:\n${this.#lastLog()}`);
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ socketPath, path: '/berth/v1/ping', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('error', () => resolve(false));
  });
}
