import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPeer, peerEnv } from '../bench/peer/packages.ts';
import { type CommandOptions, type Ran, runCommand } from './command.ts';
import type { Places } from './engine.ts';
import { commandPatience } from './patience.ts';
import { sweep } from './sweep.ts';

/** A dockerd of another version than the system's, with its containerd and runc beside it. */
const another = process.env['BERTH_TEST_DOCKERD'];

/** Why tests with a live dockerd cannot run here; false when they can. */
export const whyNoDockerd: string | false =
  process.getuid?.() !== 0
    ? 'needs root: dockerd mounts'
    : findPeer('dockerd') === undefined
      ? 'there is no dockerd on this machine (Debian: docker.io)'
      : false;

/** Why tests with the containerd image store cannot run here; false when they can. */
export const whyNoContainerdStore: string | false =
  whyNoDockerd !== false
    ? whyNoDockerd
    : another === undefined || !existsSync(another)
      ? 'needs a dockerd since 25, told by BERTH_TEST_DOCKERD: Debian has none'
      : false;

export interface DockerdOptions {
  /** Where images are kept: `graph` is the system's dockerd, `containerd` that of BERTH_TEST_DOCKERD. */
  readonly store?: 'graph' | 'containerd';
  /** Of the graph store; overlay2, or vfs where overlay cannot be mounted, when absent. */
  readonly driver?: 'overlay2' | 'vfs';
  /** Further flags of dockerd, such as another `--host`. */
  readonly flags?: readonly string[];
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: Buffer;
}

/** A real dockerd of the test's own, with its own containerd, folders and cgroups; no networks. */
export class Dockerd implements Places, AsyncDisposable {
  /** Its --data-root. */
  readonly root: string;
  /** Its --exec-root. */
  readonly run: string;
  readonly cgroupParent: string;
  readonly socket: string;
  readonly home: string;
  readonly #hadRunDocker = existsSync('/run/docker');
  #child: ChildProcess | undefined;

  private constructor(home: string) {
    this.home = home;
    this.root = path.join(home, 'root');
    this.run = path.join(home, 'exec');
    this.socket = path.join(home, 'd.sock');
    this.cgroupParent = `/${path.basename(home)}`;
  }

  /** @throws Error with the end of its log when it does not start */
  static async start(options: DockerdOptions = {}): Promise<Dockerd> {
    const drivers = options.driver === undefined ? ['overlay2', 'vfs'] : [options.driver];
    const choices =
      options.store === 'containerd'
        ? [['--feature', 'containerd-snapshotter=true']]
        : drivers.map((driver) => ['--storage-driver', driver]);
    let failure: unknown;
    for (const store of choices) {
      // Sockets have 107 bytes for their whole path.
      const dockerd = new Dockerd(mkdtempSync('/tmp/bdk-'));
      try {
        await dockerd.#launch(options, store);
        return dockerd;
      } catch (error) {
        failure ??= error;
        await dockerd[Symbol.asyncDispose]();
      }
    }
    throw failure;
  }

  /** As DOCKER_HOST and `--src-daemon-host` take it. */
  get host(): string {
    return `unix://${this.socket}`;
  }

  get log(): string {
    return readFileSync(path.join(this.home, 'log'), 'utf8');
  }

  /** The machine's own /etc/docker/daemon.json is no part of a test. */
  get #config(): string {
    return path.join(this.home, 'config/daemon.json');
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the dockerd of this test is not running');
    return pid;
  }

  /** Runs the docker command against it; a failure is a result. */
  docker(args: readonly string[], options: CommandOptions = {}): Promise<Ran> {
    const env = { ...peerEnv(), DOCKER_HOST: this.host, DOCKER_CONFIG: path.join(this.home, 'config') };
    return runCommand([findPeer('docker')!, ...args], { env, timeout: commandPatience, ...options });
  }

  /** @throws Error with what docker said */
  async expect(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.docker(args, options);
    if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}${stdout}`);
    return stdout;
  }

  /** One call of its API, without a version in the path: the newest. */
  async api(method: string, target: string, body?: Uint8Array): Promise<ApiAnswer> {
    const type = body === undefined ? {} : { 'content-type': 'application/x-tar', 'content-length': body.length };
    const call = request({ socketPath: this.socket, method, path: target, agent: false, headers: type });
    call.end(body);
    const [answer] = (await once(call, 'response')) as [AsyncIterable<Buffer> & { statusCode: number }];
    const pieces: Buffer[] = [];
    for await (const piece of answer) pieces.push(piece);
    return { status: answer.statusCode, body: Buffer.concat(pieces) };
  }

  /** Loads an archive. @throws Error with what it said: failures come in a body after status 200 */
  async load(archive: Uint8Array): Promise<void> {
    const { status, body } = await this.api('POST', '/images/load?quiet=1', archive);
    if (status !== 200 || body.includes('"errorDetail"')) throw new Error(`load: ${status} ${body.toString()}`);
  }

  /** Ends it, and removes all that it left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), commandPatience);
      await exited;
      clearTimeout(timer);
    }
    await sweep(this, this.home);
    // It makes this folder whatever its exec-root is.
    if (!this.#hadRunDocker) removeEmpty(['/run/docker/plugins', '/run/docker']);
  }

  async #launch({ store, flags = [] }: DockerdOptions, choice: readonly string[]): Promise<void> {
    const program = store === 'containerd' ? another : findPeer('dockerd');
    if (program === undefined) throw new Error('there is no dockerd');
    mkdirSync(path.join(this.home, 'config'));
    writeFileSync(this.#config, '{}');
    const log = openSync(path.join(this.home, 'log'), 'a');
    this.#child = spawn(program, [...this.#flags(), ...choice, ...flags], {
      env: { ...peerEnv(), PATH: `${path.dirname(program)}:${peerEnv()['PATH']}` },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const child = this.#child;
    for (const deadline = Date.now() + commandPatience; !(await this.#answers()); await sleep(50)) {
      if (child.exitCode === null && Date.now() < deadline) continue;
      throw new Error(`${program} does not start:\n${this.log.split('\n').slice(-15).join('\n')}`);
    }
  }

  #flags(): string[] {
    const places = ['--data-root', this.root, '--exec-root', this.run, '--pidfile', path.join(this.home, 'pid')];
    const network = ['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'];
    return [
      ...places,
      ...network,
      '--config-file',
      this.#config,
      '--cgroup-parent',
      this.cgroupParent,
      '--host',
      this.host,
    ];
  }

  async #answers(): Promise<boolean> {
    try {
      return (await this.api('GET', '/_ping')).status === 200;
    } catch {
      return false;
    }
  }
}

function removeEmpty(folders: readonly string[]): void {
  try {
    for (const folder of folders) rmdirSync(folder);
  } catch {
    // Someone else's plugin is there, or it is gone.
  }
}
