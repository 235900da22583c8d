import { once } from 'node:events';
import { constants } from 'node:os';
import { tolerate } from '@berth/model/error';
import type { ProcessSpec } from '@berth/model/runtime-spec';
import type { AttachedPlan } from '../launch/run-plan.ts';
import { isAlive, type ProcessIdentity } from '../state/process-identity.ts';

/** All that can be caught and is meant for the process, not for us. */
const forwarded = [
  ...(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGTERM', 'SIGCONT', 'SIGTSTP'] as const),
  ...(['SIGTTIN', 'SIGTTOU', 'SIGXCPU', 'SIGXFSZ', 'SIGVTALRM', 'SIGIO', 'SIGPWR', 'SIGSYS'] as const),
];

/** The caller's terminal and signals in the service of one process. Disposing gives the terminal back. */
export interface Foreground extends AsyncDisposable {
  /** The process with the size of our terminal, where it has none of its own. */
  readonly process: ProcessSpec;
  onOutput(bytes: Uint8Array): Promise<void>;
  /** Until it ends. @returns its exit code, 128+n for signal n */
  serve(plan: AttachedPlan, identity: ProcessIdentity): Promise<number>;
}

export interface ForegroundOptions {
  /** The process has a terminal that we pass on to our own standard streams. */
  readonly terminal: boolean;
  readonly process: ProcessSpec;
  /** Nobody waits for it: signals are our own. */
  readonly detached?: boolean;
}

export function foreground({ terminal, process: spec, detached = false }: ForegroundOptions): Foreground {
  const { stdin, stdout } = process;
  // From now on: one that comes before the process is there is for the process too.
  const signals = detached ? undefined : new SignalForwarder();
  const raw = terminal && stdin.isTTY;
  const size = terminal ? ownSize() : undefined;
  return {
    process: size === undefined || spec.consoleSize !== undefined ? spec : { ...spec, consoleSize: size },
    onOutput: async (bytes) => {
      if (!stdout.write(bytes)) await once(stdout, 'drain');
    },
    serve: async (plan, identity) => {
      signals?.to(identity);
      if (terminal) serveTerminal(plan);
      const { code } = await plan.exit;
      // The shim is our child: it must not outlive us as somebody else's zombie.
      await plan.close();
      return code;
    },
    [Symbol.asyncDispose]: async () => {
      signals?.[Symbol.dispose]();
      if (raw) stdin.setRawMode(false);
      stdin.pause();
      // What the terminal showed last must be out before the command ends.
      if (terminal && stdout.writableLength > 0) await once(stdout, 'drain');
    },
  };
}

function serveTerminal(plan: AttachedPlan): void {
  const { stdin, stdout } = process;
  if (stdin.isTTY) stdin.setRawMode(true);
  const resize = () => {
    const size = ownSize();
    if (size !== undefined) void plan.resize({ rows: size.height, columns: size.width }).catch(() => undefined);
  };
  stdout.on('resize', resize);
  // It may have changed since the process was made.
  resize();
  stdin.on('data', (chunk: Buffer) => {
    stdin.pause();
    // The process may be gone before its input is.
    void plan.write(chunk).then(
      () => stdin.resume(),
      () => undefined,
    );
  });
}

function ownSize(): { readonly height: number; readonly width: number } | undefined {
  const { stdout, stderr } = process;
  const tty = [stdout, stderr].find(({ isTTY }) => isTTY);
  return tty === undefined || tty.rows === 0 ? undefined : { height: tty.rows, width: tty.columns };
}

/** Catches what is meant for the process, and keeps it until there is one. */
class SignalForwarder implements Disposable {
  readonly #early: number[] = [];
  readonly #handlers = forwarded.map((name) => {
    const handler = () => this.#take(constants.signals[name]);
    process.on(name, handler);
    return { name, handler };
  });
  #identity: ProcessIdentity | undefined;

  to(identity: ProcessIdentity): void {
    this.#identity = identity;
    for (const signal of this.#early.splice(0)) this.#take(signal);
  }

  [Symbol.dispose](): void {
    for (const { name, handler } of this.#handlers) process.off(name, handler);
  }

  #take(signal: number): void {
    const identity = this.#identity;
    if (identity === undefined) this.#early.push(signal);
    else if (isAlive(identity)) tolerate(['ESRCH'], () => process.kill(identity.pid, signal));
  }
}
