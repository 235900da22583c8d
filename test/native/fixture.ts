/** What the native tests share: a launcher in a temp folder, hand-written plans, and a check for leftovers. */
import { type TestContext } from 'node:test';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildNative } from '../../scripts/build-native.ts';
import { encodeList } from '../../packages/runtime/src/plan/encode.ts';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { ShimConnection, type ShimHandlers } from '../../packages/runtime/src/shim/connection.ts';
import { type JournalEvent, parseJournal } from '../../packages/runtime/src/shim/journal.ts';
import { Launcher } from '../../packages/runtime/src/shim/launcher.ts';
import type { Exit } from '../../packages/runtime/src/shim/message.ts';

export const isRoot = process.getuid?.() === 0;
export const skip = isRoot ? false : 'needs root: it makes namespaces and mounts';

const programs = join(import.meta.dirname, 'programs');
const buildDir = join(import.meta.dirname, '../../build/test');

/** A static helper program, built once from programs/NAME.c. */
export function program(name: string): string {
  const output = join(buildDir, name);
  const source = join(programs, `${name}.c`);
  mkdirSync(buildDir, { recursive: true });
  const built = spawnSync('cc', ['-O2', '-static', '-o', output, source], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  return output;
}

export interface Bench {
  readonly dir: string;
  readonly launcher: Launcher;
  readonly launcherSocket: string;
}

/** A launcher for one test; afterwards nothing that the test made may be left. */
export async function bench(t: TestContext, binary?: string): Promise<Bench> {
  const dir = mkdtempSync(join(tmpdir(), 'bn-'));
  const before = leftovers();
  const launcherSocket = join(dir, 'l');
  const launcher = await Launcher.start({ binary: binary ?? (await buildNative()).launcher, socket: launcherSocket });
  t.after(async () => {
    await launcher.close();
    await noneLeft(before, dir);
    rmSync(dir, { recursive: true });
  });
  return { dir, launcher, launcherSocket };
}

/** Processes, mounts and cgroups that could be ours. */
export function leftovers(): string[] {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => `process ${pid} ${readOr(`/proc/${pid}/comm`).trim()} ${readOr(`/proc/${pid}/cmdline`).split('\0')[1] ?? ''}`)
    .filter((line) => /berth-|busybox|bn-|helper/.test(line));
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n').filter((line) => /\/bn-/.test(line));
  const groups = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup/memory', '/sys/fs/cgroup']
    .filter((dir) => existsSync(dir))
    .flatMap((dir) => readdirSync(dir).filter((name) => name.startsWith('bn-')).map((name) => `cgroup ${dir}/${name}`));
  return [...processes, ...mounts, ...groups];
}

/** Waits a little, as the last process may still be on its way out. Other tests' things are not ours. */
export async function noneLeft(before: readonly string[], dir: string): Promise<void> {
  const mine = () => ours(dir).concat(leftovers().filter((line) => line.includes(dir) && !before.includes(line)));
  for (let tries = 0; tries < 100 && mine().length > 0; tries++) await sleep(50);
  const left = mine();
  if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}`);
}

/** Processes whose root, working folder or open files are in the folder. */
export function ours(dir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => descriptorsOf(pid).some((target) => target.startsWith(dir)))
    .map((pid) => `process ${pid} ${readOr(`/proc/${pid}/comm`).trim()}`);
}

export function descriptorsOf(pid: string | number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).map((fd) => linkOr(`${folder}/${fd}`)).concat(linkOr(`/proc/${pid}/root`), linkOr(`/proc/${pid}/cwd`));
  } catch {
    return [];
  }
}

function linkOr(path: string): string {
  return spawnSyncReadlink(path) ?? '';
}

import { readlinkSync } from 'node:fs';
function spawnSyncReadlink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

export function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** A root file system with busybox and the folders that mounts go to. */
export function makeRoot(dir: string): string {
  const root = join(dir, 'root');
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'etc', 'tmp']) mkdirSync(join(root, folder), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  chmodSync(join(root, 'bin/busybox'), 0o755);
  for (const name of ['sh', 'cat', 'echo', 'true', 'sleep', 'stty', 'ls', 'kill', 'ps', 'dd', 'seq', 'env', 'id', 'hostname', 'mount', 'head', 'tty', 'readlink', 'stat', 'grep']) {
    symlinkSync('busybox', join(root, 'bin', name));
  }
  return root;
}

export const CLONE = { NEWNS: 0x20000, NEWUTS: 0x4000000, NEWIPC: 0x8000000, NEWPID: 0x20000000, NEWNET: 0x40000000 } as const;
export const MS = { REC: 0x4000, PRIVATE: 0x40000, SLAVE: 0x80000, BIND: 0x1000, RDONLY: 1 } as const;
export const S_IFCHR = 0o020000;

const host = 'host' as const;
const container = 'container' as const;

export interface PlanOptions {
  readonly stdin?: boolean;
  readonly terminal?: boolean;
  readonly log?: string;
  readonly logMaxBytes?: number;
  readonly logMaxFiles?: number;
  readonly flags?: number;
  /** Records between spawn and the last ones. */
  readonly inside?: readonly PlanRecord[];
}

export function paths(dir: string, name = 's') {
  return { socket: join(dir, name), journal: join(dir, `${name}.journal`), log: join(dir, `${name}.log`) };
}

/** A program on the host's own file system, in no namespace of its own. */
export function plainPlan(dir: string, argv: readonly string[], options: PlanOptions = {}): { records: PlanRecord[] } {
  const { socket, journal } = paths(dir);
  return {
    records: [
      { kind: 'shim', track: host, socket, journal, log: options.log ?? '', logMaxBytes: options.logMaxBytes ?? 0, logMaxFiles: options.logMaxFiles ?? 1 },
      ...processRecords(argv, options),
    ],
  };
}

/** The part that a first start and an exec have in common. */
export function processRecords(argv: readonly string[], options: PlanOptions = {}): PlanRecord[] {
  return [
    { kind: 'stdio', track: host, stdin: options.stdin ? 1 : 0, terminal: options.terminal ? 1 : 0 },
    { kind: 'spawn', track: host, flags: options.flags ?? 0, cgroup: '' },
    ...(options.inside ?? []),
    { kind: 'setsid', track: container },
    ...(options.terminal ? [] : [{ kind: 'stdio_attach' as const, track: container, uid: 0, gid: 0 }]),
    { kind: 'execve', track: container, candidates: encodeList([argv[0]!]), argv: encodeList(argv), env: encodeList(['PATH=/bin', 'A=b']) },
  ];
}

/** A whole container: namespaces, mounts, devices, masked paths, pivot_root. */
export function containerPlan(dir: string, argv: readonly string[], options: PlanOptions = {}): { records: PlanRecord[] } {
  const flags = CLONE.NEWNS | CLONE.NEWUTS | CLONE.NEWIPC | CLONE.NEWPID | CLONE.NEWNET;
  return plainPlan(dir, argv, { ...options, flags, inside: [...rootRecords(join(dir, 'root'), options.terminal), ...(options.inside ?? []), { kind: 'pivot_root', track: container }] });
}

export function rootRecords(root: string, terminal = false): PlanRecord[] {
  const c = container;
  const device = (name: string, minor: number): PlanRecord => ({ kind: 'mknod', track: c, path: `/dev/${name}`, mode: S_IFCHR | 0o666, major: 1, minor, uid: 0, gid: 0 });
  return [
    { kind: 'mount', track: c, source: '', target: '/', type: '', data: '', cwd: '', flags: MS.REC | MS.PRIVATE },
    { kind: 'mount', track: c, source: root, target: root, type: '', data: '', cwd: '', flags: MS.BIND | MS.REC },
    { kind: 'root_open', track: c, path: root },
    { kind: 'fs_mount', track: c, type: 'proc', target: '/proc', options: '', attributes: 0xe, mode: 0o555 },
    { kind: 'fs_mount', track: c, type: 'tmpfs', target: '/dev', options: encodeList(['mode=755', 'size=65536k']), attributes: 2, mode: 0o755 },
    { kind: 'fs_mount', track: c, type: 'devpts', target: '/dev/pts', options: encodeList(['newinstance', 'ptmxmode=0666', 'mode=0620']), attributes: 0xa, mode: 0o755 },
    { kind: 'fs_mount', track: c, type: 'sysfs', target: '/sys', options: '', attributes: 0xf, mode: 0o555 },
    device('null', 3),
    device('zero', 5),
    { kind: 'symlink', track: c, target: 'pts/ptmx', path: '/dev/ptmx' },
    { kind: 'mkdir', track: c, path: '/run/made', mode: 0o1777, uid: 1, gid: 2 },
    { kind: 'loopback_up', track: c },
    { kind: 'sethostname', track: c, name: 'box' },
    { kind: 'sysctl', track: c, path: 'net/ipv4/ip_unprivileged_port_start', value: '0' },
    ...(terminal ? [{ kind: 'terminal' as const, track: c, rows: 24, columns: 80, uid: 0, gid: 0, console: 1 }] : []),
    { kind: 'make_readonly', track: c, path: '/proc/sys' },
    { kind: 'mask', track: c, path: '/proc/kcore' },
    { kind: 'mask', track: c, path: '/proc/scsi' },
    { kind: 'mask', track: c, path: '/proc/irq' },
    { kind: 'mask', track: c, path: '/proc/not-there' },
  ];
}

/** A process joined to the container's first one. */
export function execPlan(argv: readonly string[], options: PlanOptions = {}): { records: PlanRecord[] } {
  const flags = CLONE.NEWNS | CLONE.NEWUTS | CLONE.NEWIPC | CLONE.NEWPID | CLONE.NEWNET;
  return {
    records: [
      { kind: 'join_pid', track: host, path: '' },
      ...processRecords(argv, { ...options, inside: [{ kind: 'setns', track: container, flags, path: '' }, ...(options.terminal ? [{ kind: 'root_open' as const, track: container, path: '/' }, { kind: 'terminal' as const, track: container, rows: 10, columns: 20, uid: 0, gid: 0, console: 0 }] : []), ...(options.inside ?? [])] }),
    ],
  };
}

/** A connection that collects what it is told. */
export class Listener implements ShimHandlers {
  readonly output: Record<string, Buffer[]> = {};
  readonly exits: Exit[] = [];
  readonly order: string[] = [];
  #waiting: (() => void)[] = [];

  onOutput({ process, stream, bytes }: { process: number; stream: string; bytes: Uint8Array }): void {
    (this.output[`${process}.${stream}`] ??= []).push(Buffer.from(bytes));
    this.#wake();
  }

  onExit(exit: Exit): void {
    this.exits.push(exit);
    this.order.push(`exit ${exit.process}`);
    this.#wake();
  }

  onClose(): void {
    this.order.push('close');
    this.#wake();
  }

  text(process = 0, stream = 'stdout'): string {
    return Buffer.concat(this.output[`${process}.${stream}`] ?? []).toString();
  }

  async until<T>(what: () => T | undefined | false, seconds = 20): Promise<T> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const found = what();
      if (found !== undefined && found !== false) return found;
      if (Date.now() > deadline) throw new Error(`waited for ${String(what)}; had ${JSON.stringify(this.order)} ${this.text().slice(-300)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#waiting.push(() => (clearTimeout(timer), resolve()));
      });
    }
  }

  exit(process = 0): Promise<Exit> {
    return this.until(() => this.exits.find((exit) => exit.process === process));
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** Starts a plan with all of it attached, and returns both ends. */
export async function run(b: Bench, plan: { records: PlanRecord[] }, options: { stdin?: boolean } = {}) {
  const listener = new Listener();
  const shim = await b.launcher.shim(listener);
  const started = await shim.start(plan, { stdin: options.stdin ?? true, output: true, watch: true });
  return { shim, listener, started };
}

export function journal(dir: string): JournalEvent[] {
  return parseJournal(readOr(paths(dir).journal));
}

export { ShimConnection };
