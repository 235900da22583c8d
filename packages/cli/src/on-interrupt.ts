import { BerthError } from '@berth/model/error';
import { onSignals } from './terminal/signal-proxy.ts';

/** A shell's exit codes of what these signals ended. */
const exitCodes: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
  /** What to end with when it was interrupted. */
  exitCode(): number | undefined;
}

/** Lets work in this process end in order when the user wants it to end; the second time it ends at once. */
export function onInterrupt(): Interruption {
  const stop = new AbortController();
  let code: number | undefined;
  const handler = onSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], (name) => {
    if (code !== undefined) process.exit(code);
    code = exitCodes[name];
    stop.abort(new BerthError('cancelled', 'interrupted', { code: 'interrupted' }));
  });
  return { signal: stop.signal, exitCode: () => code, [Symbol.dispose]: () => handler[Symbol.dispose]() };
}
