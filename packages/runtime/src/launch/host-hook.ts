import { spawn } from 'node:child_process';
import { asError, BerthError, errnoName, tolerate } from '@berth/model/error';
import type { HookKind, HookSpec } from '@berth/model/runtime-spec';
import type { LaunchContext } from './context.ts';
import { type HookStatus, hookState } from './hook-state.ts';

/** How much of what a hook says is kept for the error, bytes. */
const noteLimit = 1000;

/** How long output of a hook that has ended is waited for: something it started may hold the pipe. */
const drainTime = 100;

export interface HookMoment {
  readonly status: HookStatus;
  /** Of the container's process; 0 when it is gone. */
  readonly pid: number;
}

/** Runs the hooks of one kind on the host, in their order; the first that fails ends it. @throws failed_precondition */
export async function runHooks(context: LaunchContext, kind: HookKind, moment: HookMoment): Promise<void> {
  const hooks = context.spec.hooks?.[kind] ?? [];
  const state = hookState(context, moment.status, moment.pid);
  for (const [index, hook] of hooks.entries()) {
    const failure = await runHook(hook, { cwd: context.bundle, state });
    if (failure !== undefined) throw hookFailed(`hooks.${kind}[${index}]`, hook, failure);
  }
}

/** As `runHooks` where a failure changes nothing: every hook runs, and failures are logged (runtime.md, "Lifecycle"). */
export async function runLateHooks(context: LaunchContext, kind: HookKind, moment: HookMoment): Promise<void> {
  const hooks = context.spec.hooks?.[kind] ?? [];
  const state = hookState(context, moment.status, moment.pid);
  for (const [index, hook] of hooks.entries()) {
    const failure = await runHook(hook, { cwd: context.bundle, state });
    if (failure !== undefined) context.log.warn(hookFailed(`hooks.${kind}[${index}]`, hook, failure).message);
  }
}

interface HookPlace {
  readonly cwd: string;
  readonly state: string;
}

/** Undefined when it succeeded, else what happened, in words. */
async function runHook(hook: HookSpec, { cwd, state }: HookPlace): Promise<string | undefined> {
  const [argv0 = hook.path, ...args] = hook.args ?? [];
  // A group of its own, so that a late one goes with all that it has started.
  const child = spawn(hook.path, args, {
    argv0,
    cwd,
    env: environment(hook.env ?? []),
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
  });
  const said = tailOf(child.stderr);
  // A hook need not read its state.
  child.stdin.on('error', () => undefined);
  child.stdin.end(state);
  let late = false;
  const killGroup = () => {
    late = true;
    if (child.pid !== undefined) tolerate(['ESRCH'], () => process.kill(-child.pid!, 'SIGKILL'));
  };
  const timer = hook.timeout === undefined ? undefined : setTimeout(killGroup, hook.timeout * 1000);
  const ended = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(errnoName(error) ?? asError(error).message));
    child.once('exit', (code, signal) => resolve(endOf(code, signal)));
  });
  clearTimeout(timer);
  if (late) return `no end within ${hook.timeout} s`;
  if (ended === undefined) {
    child.stderr.destroy();
    return undefined;
  }
  const note = await said();
  return note === '' ? ended : `${ended}: ${note}`;
}

function endOf(code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (code === 0) return undefined;
  return signal === null ? `exit code ${code}` : `ended by ${signal}`;
}

function tailOf(stream: NodeJS.ReadableStream & { destroy(): unknown }): () => Promise<string> {
  let tail = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => (tail = Buffer.concat([tail, chunk]).subarray(-noteLimit)));
  const closed = new Promise<void>((resolve) => stream.once('end', resolve));
  return async () => {
    const timer = Promise.withResolvers<void>();
    const handle = setTimeout(timer.resolve, drainTime);
    await Promise.race([closed, timer.promise]);
    clearTimeout(handle);
    stream.destroy();
    return tail.toString().trim();
  };
}

function environment(env: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(
    env.map((one): [string, string] => {
      const at = one.indexOf('=');
      return at < 0 ? [one, ''] : [one.slice(0, at), one.slice(at + 1)];
    }),
  );
}

function hookFailed(path: string, hook: HookSpec, failure: string): BerthError {
  return new BerthError('failed_precondition', `hook ${hook.path} failed: ${failure}`, {
    code: 'hook_failed',
    hint: path,
  });
}
