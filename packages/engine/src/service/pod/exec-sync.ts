import type { CallContext } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import type { AttachedStream, ExecService } from '../container/contract.ts';
import type { ExecSyncRequest, ExecSyncResult } from './contract.ts';
import { KeptOutput } from './kept-output.ts';

/** Bytes of both streams that are kept: with them an answer is just small enough for kubelet, which takes 16 MiB. */
const maxKept = (16 << 20) - 1024;

/** What a command's children still hold open is read until it is quiet for so long, and at most for the other time, ms. */
const quietFor = 200;
const leftOpenFor = 2000;

/** How long the end of a process that was killed is waited for, ms. */
const dyingFor = 2000;

/**
 * Runs a command in a container to its end, as PodContainerService says.
 * @param container its id
 */
export async function execSync(
  execs: ExecService,
  context: CallContext,
  { container, command, timeout }: ExecSyncRequest & { readonly container: string },
): Promise<ExecSyncResult> {
  context.signal.throwIfAborted();
  const output = new KeptOutput(maxKept);
  let lastOutput = 0;
  const id = await execs.create(context, container, { command, attachOutput: true });
  using limit = limitOf(context.signal, { command, timeout });
  const line = await execs.start(context, id, {
    stdin: false,
    output: true,
    onOutput: (stream, chunk) => {
      output.add(stream, chunk);
      lastOutput = performance.now();
    },
  });
  if (line === undefined) throw new Error(`exec ${id} gave no stream`);
  const ended = execs.wait(id);
  try {
    const { exitCode } = await Promise.race([ended, limit.passed]);
    await allOutput(line, () => performance.now() - lastOutput);
    return { stdout: output.of('stdout'), stderr: output.of('stderr'), exitCode };
  } catch (error) {
    await execs.kill(context, id, 'KILL');
    await within(dyingFor, ended);
    throw error;
  } finally {
    line.detach();
  }
}

/** The end of all output, or where what is left behind by the command falls silent. */
async function allOutput(line: AttachedStream, silence: () => number): Promise<void> {
  const until = performance.now() + leftOpenFor;
  // A line that breaks brings no more either.
  const whole = line.exit.then(
    () => true,
    () => true,
  );
  for (let wait = quietFor; wait > 0 && performance.now() < until; wait = quietFor - silence()) {
    if (await within(wait, whole)) return;
  }
}

/** Whether the work was done in time. */
async function within(time: number, work: Promise<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const late = setTimeout(() => resolve(false), time);
  const done = await Promise.race([work.then(() => true), promise]);
  clearTimeout(late);
  return done;
}

/** Rejects when the command, from its start, has had its time, or its caller has left. */
function limitOf(
  signal: AbortSignal,
  { command, timeout }: ExecSyncRequest,
): Disposable & { readonly passed: Promise<never> } {
  const { promise: passed, reject } = Promise.withResolvers<never>();
  passed.catch(() => undefined);
  const late = (): void =>
    reject(
      new BerthError('deadline_exceeded', `command '${command.join(' ')}' has not ended within ${timeout} s`, {
        code: 'exec_timeout',
      }),
    );
  const left = (): void => reject(signal.reason as Error);
  const timer = timeout > 0 ? setTimeout(late, Math.min(timeout * 1000, 0x7fffffff)) : undefined;
  signal.addEventListener('abort', left);
  if (signal.aborted) left();
  return {
    passed,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', left);
    },
  };
}
