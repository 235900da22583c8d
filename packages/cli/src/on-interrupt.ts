import { BerthError } from '@berth/model/error';
import { reportError } from './report-error.ts';
import { onSignals } from './terminal/signal-proxy.ts';

/** A shell's exit codes of what these signals ended. */
const exitCodes: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/**
 * Work of this process that must clean up behind itself when the user ends it: its signal is aborted, and the exit code
 * is a shell's. The second time the process ends at once.
 */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<number> {
  const stop = new AbortController();
  let code: number | undefined;
  using _ = onSignals(['SIGINT', 'SIGTERM', 'SIGHUP'], (name) => {
    if (code !== undefined) process.exit(code);
    code = exitCodes[name] ?? 1;
    stop.abort(new BerthError('cancelled', 'interrupted', { code: 'interrupted' }));
  });
  try {
    await work(stop.signal);
    return 0;
  } catch (error) {
    if (code === undefined) throw error;
    reportError(new BerthError('cancelled', 'interrupted', { code: 'interrupted' }));
    return code;
  }
}
