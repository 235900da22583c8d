/** What the native tests share: a launcher in a temp folder, and a check for what is left afterwards. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Plan } from '../../packages/runtime/src/plan/record.ts';
import { type JournalEvent, parseJournal } from '../../packages/runtime/src/shim/journal.ts';
import type { ShimConnection } from '../../packages/runtime/src/shim/connection.ts';
import { Launcher } from '../../packages/runtime/src/shim/launcher.ts';
import type { Started } from '../../packages/runtime/src/shim/message.ts';
import { buildNative } from '../../scripts/build-native.ts';
import { Listener } from './listener.ts';
import { paths } from './plans.ts';

export const isRoot = process.getuid?.() === 0;
export const skip = isRoot ? false : 'needs root: it makes namespaces and mounts';

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
  const launcher = await Launcher.start({ binary: binary ?? (await builtLauncher()), socket: launcherSocket });
  t.after(async () => {
    await launcher.close();
    await noneLeft(before, dir);
    rmSync(dir, { recursive: true });
  });
  return { dir, launcher, launcherSocket };
}

/** With BERTH_SANITIZE=1 the one with ASan and UBSan: any test of this folder can be run with them. */
async function builtLauncher(): Promise<string> {
  if (process.env.BERTH_SANITIZE !== '1') return (await buildNative()).launcher;
  // No leak check: it would trace the shim, which is not dumpable, and the shim leaves without tidying.
  process.env.ASAN_OPTIONS = 'detect_leaks=0';
  const folder = join(import.meta.dirname, '../../build/native-sanitize');
  return (await buildNative(folder, { sanitize: true })).launcher;
}

/** Processes, mounts and cgroups that could be ours. */
export function leftovers(): string[] {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(
      (pid) =>
        `process ${pid} ${readOr(`/proc/${pid}/comm`).trim()} ${readOr(`/proc/${pid}/cmdline`).split('\0')[1] ?? ''}`,
    )
    .filter((line) => /berth-|busybox|bn-|helper/.test(line));
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter((line) => /\/bn-/.test(line));
  const groups = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup/memory', '/sys/fs/cgroup']
    .filter((dir) => existsSync(dir))
    .flatMap((dir) =>
      readdirSync(dir)
        .filter((name) => name.startsWith('bn-'))
        .map((name) => `cgroup ${dir}/${name}`),
    );
  return [...processes, ...mounts, ...groups];
}

/** Waits a little, as the last process may still be on its way out. Other tests' things are not ours. */
export async function noneLeft(before: readonly string[], dir: string): Promise<void> {
  const mine = () => ours(dir).concat(leftovers().filter((line) => line.includes(dir) && !before.includes(line)));
  for (let tries = 0; tries < 1200 && mine().length > 0; tries++) await sleep(50);
  const left = mine();
  killAll(dir);
  if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}`);
}

/** After a test that failed: the shims of this folder and what they started. */
function killAll(dir: string): void {
  const shims = ours(dir).map((line) => line.split(' ')[1]!);
  const children = shims.flatMap((pid) => readOr(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean));
  for (const pid of [...children, ...shims]) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // gone meanwhile
    }
  }
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
    return readdirSync(folder)
      .toSorted((a, b) => Number(a) - Number(b))
      .map((fd) => linkOr(`${folder}/${fd}`))
      .concat(linkOr(`/proc/${pid}/root`), linkOr(`/proc/${pid}/cwd`));
  } catch {
    return [];
  }
}

function linkOr(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

export function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Gone, or a zombie that only its parent can take away. */
export function isDead(pid: number | string): boolean {
  const state = readOr(`/proc/${pid}/stat`).split(' ')[2];
  return state === undefined || state === 'Z';
}

/** For what the shim does right behind an answer. */
export async function eventually(what: () => boolean, where = String(what)): Promise<void> {
  for (let tries = 0; tries < 6000 && !what(); tries++) await sleep(10);
  if (!what()) throw new Error(`still not so: ${where}`);
}

export interface Run {
  readonly shim: ShimConnection;
  readonly listener: Listener;
  readonly started: Started;
}

/** Starts a plan with all of it attached, and returns both ends. */
export async function run(b: Bench, plan: Plan, options: { stdin?: boolean } = {}): Promise<Run> {
  const listener = new Listener();
  const shim = await b.launcher.shim(listener);
  const started = await shim.start(plan, { stdin: options.stdin ?? true, output: true, watch: true });
  return { shim, listener, started };
}

export function journal(dir: string): JournalEvent[] {
  return parseJournal(readOr(paths(dir).journal));
}
