import { strict as assert } from 'node:assert';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ran } from '../../harness/command.ts';
import { commandPatience, eventPatience } from '../../harness/patience.ts';
import { mountsBelow } from '../../harness/sweep.ts';
import { leftCgroups } from './cgroups.ts';
import type { Programs } from './rootfs.ts';
import type { Runtime } from './runtime.ts';
import { Seen } from './seen.ts';
import { baseSpec, type Spec } from './spec.ts';

export interface CallOptions {
  readonly input?: string;
  /** Descriptors from 3 on. */
  readonly descriptors?: readonly number[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What stands before the runtime's own command. */
  readonly prefix?: readonly string[];
  /** Milliseconds until the command is killed. */
  readonly timeout?: number;
}

/** What `state` prints. */
export interface State {
  readonly ociVersion: string;
  readonly id: string;
  readonly status: string;
  readonly pid: number;
  readonly bundle: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A bundle with its container, in a folder, a state folder and a cgroup of its own. */
export class Box implements AsyncDisposable {
  readonly runtime: Runtime;
  readonly programs: Programs;
  readonly folder = mkdtempSync('/tmp/bc-');
  readonly bundle = path.join(this.folder, 'b');
  readonly rootfs = path.join(this.bundle, 'rootfs');
  readonly id = path.basename(this.folder);
  readonly cgroup: string;
  readonly spec: Spec;
  #calls = 0;

  constructor(runtime: Runtime, programs: Programs) {
    this.runtime = runtime;
    this.programs = programs;
    mkdirSync(this.bundle);
    // A user namespace's root has to reach the root file system.
    chmodSync(this.folder, 0o755);
    programs.makeRoot(this.rootfs);
    this.cgroup = `/berth-conformance-${process.pid}/${this.id}`;
    this.spec = baseSpec(this.cgroup);
  }

  /** Runs the runtime with these arguments behind its `--root`; a failure is a result. */
  async call(args: readonly string[], options: CallOptions = {}): Promise<Ran> {
    const at = path.join(this.folder, String(this.#calls++));
    const child = this.spawn([...this.globals, ...args], at, options);
    const { timeout = commandPatience } = options;
    let late = false;
    const timer = setTimeout(() => (late = child.kill('SIGKILL')), timeout);
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (status) => resolve(status ?? -1));
    }).finally(() => clearTimeout(timer));
    const ran = { code, stdout: readFileSync(`${at}.out`, 'utf8'), stderr: readFileSync(`${at}.err`, 'utf8') };
    assert.ok(!late, `${args.join(' ')}: no end within ${timeout} ms: ${ran.stderr}`);
    return ran;
  }

  /** Files for stdio, not pipes: a container that goes on would keep them open. */
  spawn(
    args: readonly string[],
    at: string,
    { input, descriptors = [], env, cwd, prefix = [] }: CallOptions,
  ): ChildProcess {
    writeFileSync(`${at}.in`, input ?? '');
    const files = [openSync(`${at}.in`, 'r'), openSync(`${at}.out`, 'w'), openSync(`${at}.err`, 'w')];
    const [program, ...before] = [...prefix, ...this.runtime.command];
    const child = spawn(program!, [...before, ...args], {
      stdio: [...files, ...descriptors],
      cwd,
      env: { ...process.env, ...env },
    });
    for (const file of files) closeSync(file);
    return child;
  }

  get globals(): string[] {
    return ['--root', path.join(this.folder, 's')];
  }

  /** Writes config.json: needed again after `spec` was changed behind the first call. */
  write(): void {
    // 64-bit values have no other way into JSON.
    const text = JSON.stringify(this.spec, (_, value: unknown) =>
      typeof value === 'bigint' ? rawJson(String(value)) : value,
    );
    writeFileSync(path.join(this.bundle, 'config.json'), text);
  }

  /** `run` of the container, with what it said. */
  async run(options: CallOptions & { readonly flags?: readonly string[] } = {}): Promise<Ran> {
    this.write();
    return await this.call(['run', '--bundle', this.bundle, ...(options.flags ?? []), this.id], options);
  }

  /** Runs the probe with these words as the container. @throws AssertionError when it does not end well */
  async probe(
    words: readonly string[],
    options: CallOptions & { readonly flags?: readonly string[] } = {},
  ): Promise<Seen> {
    this.spec.process.args = ['/probe', ...words];
    return seenIn(await this.run(options));
  }

  /** `create`; the container's output is in a file from now on, see `output`. */
  async create(...flags: string[]): Promise<Ran> {
    this.write();
    this.#created = this.#calls;
    return await this.call(['create', '--bundle', this.bundle, ...flags, this.id]);
  }

  #created = 0;

  /** What the container that was created or run detached wrote so far. */
  output(): string {
    return readFileSync(path.join(this.folder, `${this.#created}.out`), 'utf8');
  }

  /** Creates and starts; the probe's words, which should end in `wait`. @returns when it has said what it sees */
  async start(words: readonly string[] = ['wait'], ...flags: string[]): Promise<Seen> {
    this.spec.process.args = ['/probe', ...words];
    expectOk(await this.create(...flags));
    expectOk(await this.call(['start', this.id]));
    await until(() => this.output().includes('\n'), 'the probe says something');
    return new Seen(this.output());
  }

  async exec(
    args: readonly string[],
    options: CallOptions & { readonly flags?: readonly string[] } = {},
  ): Promise<Ran> {
    return await this.call(['exec', ...(options.flags ?? []), this.id, ...args], options);
  }

  /** Runs the probe by `exec`. */
  async execProbe(words: readonly string[], ...flags: string[]): Promise<Seen> {
    return seenIn(await this.exec(['/probe', ...words], { flags }));
  }

  /** `exec` with a process.json, the container's own with changes. */
  async execSpec(change: (process: Spec['process']) => void, words: readonly string[]): Promise<Seen> {
    const copy = structuredClone(this.spec.process);
    copy.args = ['/probe', ...words];
    change(copy);
    const file = path.join(this.folder, 'process.json');
    writeFileSync(file, JSON.stringify(copy));
    return seenIn(await this.call(['exec', '--process', file, this.id]));
  }

  async state(): Promise<State> {
    return JSON.parse(expectOk(await this.call(['state', this.id]))) as State;
  }

  /** Waits until `state` says so. */
  async reach(status: string): Promise<void> {
    await until(async () => (await this.state()).status === status, `the container is ${status}`);
  }

  /** Deletes the container, then fails for what it left. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (existsSync(path.join(this.folder, 's'))) await this.call(['delete', '--force', this.id]);
      const left = [...mountsBelow(this.folder).map((target) => `mount ${target}`), ...leftCgroups(this.cgroup)];
      assert.deepEqual(left, [], 'left behind');
    } finally {
      // What is mounted there may be the host's own: it is not to be deleted through a mount that was left.
      for (const target of mountsBelow(this.folder).toReversed()) execFileSync('umount', ['--lazy', target]);
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}

/** Not in TypeScript's library yet. */
const { rawJSON: rawJson } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** @throws AssertionError with what the command said. @returns what it said, when it is well */
export function expectOk({ code, stdout, stderr }: Ran): string {
  assert.equal(code, 0, `exit code ${code}: ${stderr}${stdout}`);
  return stdout;
}

function seenIn(ran: Ran): Seen {
  return new Seen(expectOk(ran));
}

/** Asks again and again. @throws AssertionError when it does not become true in time */
export async function until(isTrue: () => boolean | Promise<boolean>, what: string | (() => string)): Promise<void> {
  for (const deadline = Date.now() + eventPatience; Date.now() < deadline; await sleep(10)) if (await isTrue()) return;
  assert.fail(`not so within ${eventPatience} ms: ${typeof what === 'string' ? what : what()}`);
}
