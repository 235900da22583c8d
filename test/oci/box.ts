import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, closeSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync } from 'node:fs';
import { readdirSync, readFileSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ran } from '../harness/command.ts';
import { commandPatience, eventPatience } from '../harness/patience.ts';
import { processTable } from '../harness/process-table.ts';
import { mountsBelow } from '../harness/sweep.ts';
import { baseSpec, type TestSpec } from './spec.ts';

const project = path.join(import.meta.dirname, '../..');

/** The command under test: another one proves the tests, `BERTH_OCI_PROGRAM=/usr/sbin/runc`. */
export const program = process.env['BERTH_OCI_PROGRAM'] ?? path.join(project, 'bin/berth-oci');

/** Whether the tests run on somebody else's runtime, whose words are his own. */
export const isPeer = process.env['BERTH_OCI_PROGRAM'] !== undefined;

/** Why these tests cannot run here; false when they can. */
export const whySkipped: string | false =
  process.getuid?.() !== 0
    ? 'needs root: it makes namespaces, mounts and cgroups'
    : existsSync('/bin/busybox')
      ? false
      : 'needs busybox-static for the root file systems of containers';

export interface CallOptions {
  readonly input?: string;
  /** Descriptors from 3 on. */
  readonly descriptors?: readonly number[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What stands before the command. */
  readonly prefix?: readonly string[];
  /** Flags before the verb. */
  readonly globals?: readonly string[];
}

export interface State {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: string;
  readonly pid: number;
  readonly bundle: string;
  readonly rootfs: string;
  readonly created: string;
  readonly owner: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A bundle, a state folder and cgroups of its own, and the command on them. Disposing fails for what is left. */
export class Box implements AsyncDisposable {
  readonly folder = mkdtempSync('/tmp/bo-');
  readonly bundle = path.join(this.folder, 'b');
  readonly rootfs = path.join(this.bundle, 'rootfs');
  readonly root = path.join(this.folder, 's');
  readonly id = path.basename(this.folder);
  readonly cgroupParent = `/${this.id}`;
  readonly spec: TestSpec;
  #calls = 0;

  constructor() {
    // A user namespace's root has to reach the root file system.
    chmodSync(this.folder, 0o755);
    makeRoot(this.rootfs);
    this.spec = baseSpec(`${this.cgroupParent}/${this.id}`);
  }

  /** Writes config.json with this shell script as the process. */
  script(text: string): void {
    this.spec.process.args = ['sh', '-c', text];
    this.write();
  }

  write(): void {
    writeFileSync(path.join(this.bundle, 'config.json'), JSON.stringify(this.spec));
  }

  /** Runs the command to its end. Files for stdio, not pipes: a container that goes on would keep them open. */
  async call(args: readonly string[], options: CallOptions = {}): Promise<Ran> {
    const at = path.join(this.folder, `call-${this.#calls++}`);
    const child = this.start(args, at, options);
    const timer = setTimeout(() => child.kill('SIGKILL'), commandPatience);
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (status) => resolve(status ?? -1));
    }).finally(() => clearTimeout(timer));
    return { code, stdout: readFileSync(`${at}.out`, 'utf8'), stderr: readFileSync(`${at}.err`, 'utf8') };
  }

  /** Begins a call; its streams are the files `at` and `.in`, `.out`, `.err`. */
  start(args: readonly string[], at: string, options: CallOptions = {}): ChildProcess {
    writeFileSync(`${at}.in`, options.input ?? '');
    const files = [openSync(`${at}.in`, 'r'), openSync(`${at}.out`, 'w'), openSync(`${at}.err`, 'w')];
    const words = [...(options.prefix ?? []), program, '--root', this.root, ...(options.globals ?? []), ...args];
    const child = spawn(words[0]!, words.slice(1), {
      stdio: [...files, ...(options.descriptors ?? [])],
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
    });
    for (const file of files) closeSync(file);
    return child;
  }

  /** Like `call`, for what must succeed. @returns standard output */
  async expect(args: readonly string[], options: CallOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.call(args, options);
    assert.equal(code, 0, `${args.join(' ')}: code ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Like `call`, for what must fail, with this code and words. */
  async refuse(args: readonly string[], message: RegExp, code = 1): Promise<Ran> {
    const ran = await this.call(args);
    assert.match(ran.stderr, message, `${args.join(' ')}: ${ran.stdout}`);
    assert.equal(ran.code, code, ran.stderr);
    return ran;
  }

  create(...flags: string[]): Promise<string> {
    return this.expect(['create', '--bundle', this.bundle, ...flags, this.id]);
  }

  /** A container that runs this script, detached. */
  async running(script = 'sleep 1000'): Promise<State> {
    this.script(script);
    await this.create();
    await this.expect(['start', this.id]);
    return await this.state();
  }

  async state(id = this.id): Promise<State> {
    return JSON.parse(await this.expect(['state', id])) as State;
  }

  async reach(status: string): Promise<void> {
    await until(async () => (await this.state()).status === status, `the container is ${status}`);
  }

  /** Kills the container and waits until it is stopped. */
  async stop(): Promise<void> {
    await this.expect(['kill', this.id, 'KILL']);
    await this.reach('stopped');
  }

  /** What a container that was deleted, or never came to be, must not leave. */
  left(): string[] {
    return [
      ...mountsBelow(this.folder).map((target) => `mount ${target}`),
      ...cgroupsBelow(this.cgroupParent),
      ...(existsSync(this.root) ? readdirSync(this.root).map((name) => `state ${name}`) : []),
      ...processTable()
        .filter(({ command, cgroups, foreignMounts }) =>
          [command, cgroups, foreignMounts].some((text) => text.includes(this.id)),
        )
        .map(({ pid, command }) => `process ${pid} ${command}`),
    ];
  }

  async assertNothingLeft(): Promise<void> {
    await until(
      () => this.left().length === 0,
      () => `nothing is left but ${this.left().join(', ')}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      const ids = existsSync(this.root) ? readdirSync(this.root) : [];
      for (const id of ids) await this.call(['delete', '--force', id]);
      await this.assertNothingLeft();
    } finally {
      for (const folder of cgroupFolders(this.cgroupParent)) rmdirSync(folder);
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}

export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string | (() => string),
  timeout = eventPatience,
): Promise<void> {
  for (const deadline = Date.now() + timeout; !(await holds()); await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`in vain: ${typeof what === 'string' ? what : what()}`);
  }
}

const applets =
  'sh cat echo true false sleep ls id env hostname ps kill mount umount touch mkdir rm stat head tail dd seq yes stty ' +
  'tty wc grep sed awk sort uniq printf test pwd chmod chown readlink trap usleep';

function makeRoot(rootfs: string): void {
  for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'root']) {
    mkdirSync(path.join(rootfs, name), { recursive: true });
  }
  copyFileSync('/bin/busybox', path.join(rootfs, 'bin/busybox'));
  for (const applet of applets.split(' ')) symlinkSync('busybox', path.join(rootfs, 'bin', applet));
  writeFileSync(path.join(rootfs, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
}

function hierarchies(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.filter((line) => / - cgroup2? /.test(line)).map((line) => line.split(' ')[4]!);
}

function cgroupFolders(parent: string): string[] {
  return hierarchies()
    .map((mount) => path.join(mount, parent))
    .filter((folder) => existsSync(folder));
}

/** The runtime makes the parent too, and leaves it, as runc does. */
function cgroupsBelow(parent: string): string[] {
  return cgroupFolders(parent).flatMap((folder) => {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [`cgroup ${folder}/${entry.name}`] : []));
  });
}
