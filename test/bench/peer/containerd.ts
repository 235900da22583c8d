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

/** Debian's containerd on folders and a socket of its own. */
export class Containerd implements AsyncDisposable {
  readonly socket: string;
  /** Where its containers' cgroups should be. */
  readonly cgroupParent: string;
  readonly #child: ChildProcess;
  readonly #ctr: string;
  readonly #home: string;

  private constructor(child: ChildProcess, ctr: string, home: string) {
    this.#child = child;
    this.#ctr = ctr;
    this.#home = home;
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
    const log = openSync(path.join(home, 'log'), 'a');
    const child = spawn(program, ['--config', config], { env: peerEnv(), stdio: ['ignore', log, log] });
    closeSync(log);
    const peer = new Containerd(child, ctr, home);
    for (const deadline = Date.now() + 20_000; (await peer.ctr(['version'])).code !== 0; await sleep(50)) {
      if (child.exitCode === null && Date.now() < deadline) continue;
      await peer[Symbol.asyncDispose]();
      return undefined;
    }
    return peer;
  }

  ctr(args: readonly string[], timeout = 120_000): Promise<Ran> {
    return runCommand([this.#ctr, '--address', this.socket, ...args], { env: peerEnv(), timeout });
  }

  /** @throws Error with what ctr said */
  async expect(args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.ctr(args);
    if (code !== 0) throw new Error(`ctr ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exited;
    }
    // ctr leaves the parents of its cgroups.
    for (const folder of cgroupFoldersOf(this).toReversed()) rmdirSync(folder);
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 3 });
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
