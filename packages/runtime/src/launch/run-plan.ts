import { BerthError } from '@berth/model/error';
import { askToken } from '../plan/ask-token.ts';
import type { Plan } from '../plan/record.ts';
import { AttachedShim } from '../shim/attached.ts';
import type { Created, StartOptions } from '../shim/connection.ts';
import { type Exit, StartFailure } from '../shim/message.ts';
import { answerQuestion } from './answers.ts';
import type { LaunchContext } from './context.ts';
import { findLauncher } from './install.ts';

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

export interface RunOptions {
  /** Whose questions are answered; absent for a plan that asks none (exec). */
  readonly context?: LaunchContext;
  /** Descriptors from 3 on for the process, besides its standard streams. */
  readonly preserve: number;
  /** The client waits for the end of the process, so the shim reaps it. Otherwise it is for the caller's subreaper. */
  readonly foreground?: boolean;
  /** The client serves the terminal: what the process writes, in order. While the promise is pending it waits. */
  readonly onOutput?: (bytes: Uint8Array) => void | Promise<void>;
}

/** A process under a shim of our own, created or running. */
export interface AttachedPlan {
  readonly pid: number;
  /** Lets a created process go on. Resolves when its program runs; throws in words of what kept it from that. */
  proceed(): Promise<void>;
  /** Leaves the process to the caller's subreaper. */
  leave(): Promise<void>;
  /** When it ends. Only while we have not left. */
  readonly exit: Promise<Exit>;
  write(bytes: Uint8Array): Promise<void>;
  resize(size: TerminalSize): Promise<void>;
  /** Ends the connection: a process whose program does not run yet goes with it. */
  close(): Promise<void>;
}

/**
 * Has a plan carried out below a shim that is a child of this process, with this process's standard streams. Resolves
 * when the process is created, if the plan has that stop, else when its program runs.
 * @throws what failed, in words for the user; nothing that the plan made as a process is left then
 */
export async function runPlan(
  plan: Plan,
  { context, preserve, foreground, onOutput }: RunOptions,
): Promise<AttachedPlan> {
  const exit = Promise.withResolvers<Exit>();
  exit.promise.catch(() => undefined); // who waits for it is told
  const shim = await AttachedShim.spawn(
    { binary: findLauncher(), preserve },
    {
      onAsk: async (question) => {
        if (context === undefined) throw new RangeError(`question ${question.token} of a plan that asks none`);
        await answerQuestion(context, question);
      },
      onExit: (one) => exit.resolve(one),
      onOutput: ({ bytes }) => onOutput?.(bytes),
      onClose: (error) => exit.reject(error ?? new BerthError('unavailable', 'the shim ended', { code: 'shim_gone' })),
    },
  );
  const explained = async (error: unknown): Promise<never> => {
    await shim.close();
    throw error instanceof StartFailure ? await inWords(plan, error) : error;
  };
  const terminal = onOutput !== undefined;
  const created = await begin(shim, plan, {
    watch: foreground ?? false,
    stdin: terminal,
    output: terminal,
  }).catch(explained);
  return {
    pid: created.pid,
    proceed: async () => void (await created.release().catch(explained)),
    leave: () => shim.leave(),
    exit: exit.promise,
    write: (bytes) => shim.writeStdin(0, bytes),
    resize: ({ rows, columns }) => shim.resize(0, rows, columns),
    close: () => shim.close(),
  };
}

/** Up to the stop at `created`, where the plan has one. */
async function begin(shim: AttachedShim, plan: Plan, options: StartOptions): Promise<Created> {
  const stops = plan.records.some((record) => record.kind === 'ask' && Number(record.token) === askToken.created);
  if (stops) return await shim.create(plan, options);
  const started = await shim.start(plan, options);
  return { pid: started.pid, release: () => Promise.resolve(started) };
}

/** The words are loaded when there is need for them: no good start pays for them. */
async function inWords(plan: Plan, failure: StartFailure): Promise<Error> {
  // What we refused ourselves has its own words.
  if (failure.cause instanceof Error) return failure.cause;
  const { startError } = await import('./start-error.ts');
  return startError(plan, failure);
}
