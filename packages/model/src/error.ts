/**
 * What went wrong, in the words that every door understands. Each wire has one exhaustive map from
 * these kinds to its own codes (gRPC status, HTTP status, exit code).
 */
export type ErrorKind =
  | 'invalid_argument'
  | 'not_found'
  | 'already_exists'
  | 'failed_precondition'
  | 'permission_denied'
  | 'unauthenticated'
  | 'resource_exhausted'
  | 'aborted'
  | 'out_of_range'
  | 'unimplemented'
  | 'unavailable'
  | 'data_loss'
  | 'deadline_exceeded'
  | 'cancelled'
  | 'internal';

export interface ErrorDetail {
  /** Stable machine-readable code within the kind, e.g. `name_in_use`. Defaults to the kind. */
  readonly code?: string;
  /** What the user should do next, where there is such a thing. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * The one error type that crosses layers. The message names the thing (id, path, digest), is lower
 * case and ends without a full stop; tests check `kind` and `code`, never the text.
 */
export class BerthError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'BerthError';
    this.kind = kind;
    this.code = detail.code ?? kind;
    this.hint = detail.hint;
  }
}

export function isKind(error: unknown, kind: ErrorKind): error is BerthError {
  return error instanceof BerthError && error.kind === kind;
}

/** The value as an Error, so that a `catch` never loses a message. */
export function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}

/** The errno name (`ENOENT`) that Node or the addon put on an error, if any. */
export function errnoName(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** Runs `action`; true when it succeeded, false when it failed with one of the errno names. */
export function tolerate(errnos: readonly string[], action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (errnos.includes(errnoName(error) ?? '')) return false;
    throw error;
  }
}
