import { constants } from 'node:os';
import { askToken } from '../plan/ask-token.ts';
import type { Plan } from '../plan/record.ts';
import { type Exit, StartFailure } from '../shim/message.ts';
import { answerQuestion } from './answers.ts';
import { AttachedShim } from './attached-shim.ts';
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
  /** The client serves the terminal: what the process writes, in order. While the promise is pending it waits. */
  onOutput?(bytes: Uint8Array): void | Promise<void>;
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
  resize(size: TerminalSize): void;
  /** Ends the connection: a process whose program does not run yet goes with it. */
  close(): Promise<void>;
}

/**
 * Has a plan carried out below a shim that is a child of this process, with this process's standard streams. Resolves
 * when the process is created, if the plan has that stop, else when its program runs.
 * @throws what failed, in words for the user; nothing that the plan made as a process is left then
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<AttachedPlan> {
  const created = Promise.withResolvers<number>();
  const exit = Promise.withResolvers<Exit>();
  let refusal: unknown;
  const shim = await AttachedShim.spawn(
    { binary: findLauncher(), preserve: options.preserve },
    {
      onAsk: ({ token, pid }) => {
        if (token === askToken.created) return created.resolve(pid);
        void answer({ token, pid });
      },
      onExit: (one) => exit.resolve(one),
      onOutput: (bytes) => options.onOutput?.(bytes),
      onClose: (error) => exit.reject(error ?? new Error('the shim is gone')),
    },
  );
  exit.promise.catch(() => undefined); // who waits for it is told
  const answer = async (question: { readonly token: number; readonly pid: number }) => {
    try {
      if (options.context === undefined) throw new RangeError(`question ${question.token} of a plan that asks none`);
      await answerQuestion(options.context, question);
      shim.answer(0);
    } catch (error) {
      refusal ??= error;
      shim.answer(constants.errno.ECANCELED);
    }
  };
  const terminal = options.onOutput !== undefined;
  const started = shim.start(plan, { watch: true, stdin: terminal, output: terminal }).catch(async (error: unknown) => {
    await shim.close();
    throw refusal ?? (error instanceof StartFailure ? await inWords(plan, error) : error);
  });
  started.catch(() => undefined);
  const pid = await Promise.race([created.promise, started.then((one) => one.pid)]);
  return {
    pid,
    proceed: async () => {
      shim.answer(0);
      await started;
    },
    leave: () => shim.leave(),
    exit: exit.promise,
    write: (bytes) => shim.writeStdin(bytes),
    resize: ({ rows, columns }) => shim.resize(rows, columns),
    close: () => shim.close(),
  };
}

/** The words are loaded when there is need for them: no good start pays for them. */
async function inWords(plan: Plan, failure: StartFailure): Promise<Error> {
  const { startError } = await import('./start-error.ts');
  return startError(plan, failure);
}
