import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupFoldersOf } from '../../harness/cgroup-folders.ts';
import { type Ran, runCommand } from '../../harness/command.ts';
import { findPeer, peerEnv } from './packages.ts';

export interface ContainerdOptions {
  /** Whether it serves Kubernetes too. */
  readonly cri?: boolean;
  /** Whether namespaces take each other's content over; containerd's own default is that they do. */
  readonly sharing?: 'shared' | 'isolated';
  /** More of its configuration, in TOML. @param home its folder, which goes with it */
  readonly config?: (home: string) => string;
}

/** Its program and ctr's, its configuration, and the folder of all that is its own. */
interface ContainerdPlaces {
  readonly program: string;
  readonly config: string;
  readonly ctr: string;
  readonly home: string;
}

/** Debian's containerd on folders and a socket of its own. */
export class Containerd implements AsyncDisposable {
  readonly socket: string;
  /** Where its containers' cgroups should be. */
  readonly cgroupParent: string;
  readonly #places: ContainerdPlaces;
  #child: ChildProcess | undefined;

  private constructor(places: ContainerdPlaces) {
    const { home } = places;
    this.#places = places;
    this.socket = path.join(home, 'c.sock');
    this.cgroupParent = `/${path.basename(home)}`;
  }

  /** @param root where its content and snapshots go. Undefined when there is no containerd for this machine */
  static async start(root?: string, options: ContainerdOptions = {}): Promise<Containerd | undefined> {
    const program = findPeer('containerd');
    const ctr = findPeer('ctr');
    if (program === undefined || ctr === undefined) return undefined;
    const home = mkdtempSync('/tmp/bc-');
    const config = path.join(home, 'config.toml');
    writeFileSync(config, configuration(home, root ?? path.join(home, 'root'), options));
    mkdirSync(path.join(home, 'state'));
    const peer = new Containerd({ program, config, ctr, home });
    if (await peer.#launch()) return peer;
    await peer[Symbol.asyncDispose]();
    return undefined;
  }

  /** Ends it as a crash does, and starts it again; its containers go on. @throws Error when it does not come back */
  async restart(): Promise<void> {
    await this.#end('SIGKILL');
    if (!(await this.#launch())) throw new Error('containerd does not start again');
  }

  /** @returns whether it serves */
  async #launch(): Promise<boolean> {
    const { program, config, home } = this.#places;
    const log = openSync(path.join(home, 'log'), 'a');
    const child = spawn(program, ['--config', config], { env: peerEnv(), stdio: ['ignore', log, log] });
    closeSync(log);
    this.#child = child;
    for (const deadline = Date.now() + 20_000; (await this.ctr(['version'])).code !== 0; await sleep(50))
      if (child.exitCode !== null || Date.now() > deadline) return false;
    return true;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  ctr(args: readonly string[], timeout = 120_000): Promise<Ran> {
    return runCommand([this.#places.ctr, '--address', this.socket, ...args], { env: peerEnv(), timeout });
  }

  /** @throws Error with what ctr said */
  async expect(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.ctr(args);
    if (code !== 0) throw new Error(`ctr ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end('SIGTERM');
    // ctr leaves the parents of its cgroups.
    for (const folder of cgroupFoldersOf(this).toReversed()) rmdirSync(folder);
    rmSync(this.#places.home, { recursive: true, force: true, maxRetries: 3 });
  }
}

function configuration(home: string, root: string, { cri, sharing = 'shared', config }: ContainerdOptions): string {
  return [
    'version = 2',
    `root = "${root}"`,
    `state = "${path.join(home, 'state')}"`,
    `disabled_plugins = [${cri === true ? '' : '"io.containerd.grpc.v1.cri"'}]`,
    `[grpc]\naddress = "${path.join(home, 'c.sock')}"`,
    `[plugins."io.containerd.metadata.v1.bolt"]\ncontent_sharing_policy = "${sharing}"`,
    config?.(home) ?? '',
    '',
  ].join('\n');
}
