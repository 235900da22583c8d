/**
 * The first argument of every long operation: who asks, for how long, on whose account.
 * A context is immutable; `withX` functions return another one.
 */
export interface CallContext {
  /** Aborted when the caller goes away or its deadline passes. */
  readonly signal: AbortSignal;
  /** When the caller gives up, where it has said so: a time of performance.now(). The signal is aborted then. */
  readonly deadline?: number;
  /** The namespace whose records the call sees (containerd's sense, e.g. `default`, `k8s.io`). */
  readonly namespace: string;
  /** The lease that protects what the call writes from garbage collection. */
  readonly lease?: string;
  readonly log: Log;
}

/** One structured line per call; fields are flat. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

const never = new AbortController().signal;

/** A context for work that no client waits for. */
export function backgroundContext(log: Log = silentLog, namespace = 'default'): CallContext {
  return { signal: never, namespace, log };
}

export function withLease(context: CallContext, lease: string): CallContext {
  return { ...context, lease };
}

export function withSignal(context: CallContext, signal: AbortSignal): CallContext {
  return { ...context, signal };
}
