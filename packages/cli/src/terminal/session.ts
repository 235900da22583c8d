import type { WaitResult } from '@berth/wire/native/api';
import type { AttachStream, OutputSink, TerminalSize } from '@berth/sdk/client';
import { writeOutput } from '../print/output.ts';
import { DetachFilter } from './detach-keys.ts';
import { followSize, isTerminal, rawMode, terminalSize } from './raw-mode.ts';
import { proxySignals } from './signal-proxy.ts';

export interface SessionOptions {
  /** Forward standard input. */
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** The process has a terminal. */
  readonly tty: boolean;
  readonly detachKeys: Uint8Array;
  /** `size` is the terminal's, when the process has one and so do we. */
  readonly open: (onOutput: OutputSink, size: TerminalSize | undefined) => Promise<AttachStream>;
  /** Pass signals on; absent: they act on this process. */
  readonly sendSignal?: ((signal: NodeJS.Signals) => Promise<void>) | undefined;
}

/** How a session ended: by the process, by the detach keys, or because the user insisted. */
export type SessionEnd = { readonly exit: WaitResult } | 'detached' | 'given-up';

/**
 * Connects this process's standard streams to another one's, until that ends or the user detaches.
 * The terminal is as before on every way out.
 */
export async function runSession(options: SessionOptions): Promise<SessionEnd> {
  using lifetime = new DisposableStack();
  const typing = options.stdin && options.tty && isTerminal(0);
  if (typing) lifetime.use(rawMode());
  const insisted = Promise.withResolvers<'given-up'>();
  const { sendSignal } = options;
  if (sendSignal !== undefined) {
    // A process that has just ended cannot be signalled, and its exit is on the way.
    const send = (signal: NodeJS.Signals) => void sendSignal(signal).catch(() => undefined);
    lifetime.use(proxySignals(send, () => insisted.resolve('given-up')));
  }
  const stream = lifetime.use(await options.open(outputSink(options), options.tty ? terminalSize() : undefined));
  if (options.tty) lifetime.use(followSize((size) => stream.resize(size)));
  const detached = options.stdin ? forwardInput(stream, options) : new Promise<never>(() => {});
  const ended = stream.exit.then((exit) => ({ exit }));
  return await Promise.race([ended, detached, insisted.promise]);
}

function outputSink({ stdout, stderr }: SessionOptions): OutputSink {
  return (name, bytes) => {
    if (name === 'stdout') return stdout ? writeOutput(1, bytes) : undefined;
    return stderr ? writeOutput(2, bytes) : undefined;
  };
}

/** Resolves when the detach keys were typed; the end of input is not an end of the session. */
function forwardInput(stream: AttachStream, { tty, detachKeys }: SessionOptions): Promise<'detached'> {
  const filter = new DetachFilter(tty ? detachKeys : new Uint8Array(0));
  return new Promise((resolve, reject) => {
    pump(stream, filter).then((detached) => {
      if (detached) resolve('detached');
    }, reject);
  });
}

async function pump(stream: AttachStream, filter: DetachFilter): Promise<boolean> {
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    const { pass, detached } = filter.feed(chunk);
    if (pass.length > 0) await stream.writeStdin(pass);
    if (detached) return true;
  }
  const held = filter.flush();
  if (held.length > 0) await stream.writeStdin(held);
  stream.closeStdin();
  return false;
}
