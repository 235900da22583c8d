import { BerthError, type ErrorKind } from '@berth/model/error';
import type { ApiError } from '@berth/wire/native/api';

const kindOfStatus: Readonly<Record<number, ErrorKind>> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  409: 'failed_precondition',
  429: 'resource_exhausted',
  501: 'unimplemented',
  503: 'unavailable',
  504: 'deadline_exceeded',
};

const kinds: Readonly<Record<ErrorKind, true>> = {
  invalid_argument: true,
  not_found: true,
  already_exists: true,
  failed_precondition: true,
  permission_denied: true,
  unauthenticated: true,
  resource_exhausted: true,
  aborted: true,
  out_of_range: true,
  unimplemented: true,
  unavailable: true,
  data_loss: true,
  deadline_exceeded: true,
  cancelled: true,
  internal: true,
};

/** The error that the daemon meant. A kind that this client does not know is `internal`. */
export function fromApiError(error: ApiError): BerthError {
  const kind = Object.hasOwn(kinds, error.kind) ? (error.kind as ErrorKind) : 'internal';
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return new BerthError(kind, error.message, { code: error.code, ...hint });
}

/** An error answer, also one that is not in our form: something else may listen on the socket. */
export function fromErrorAnswer(status: number, body: string): BerthError {
  const error = parseApiError(body);
  if (error !== undefined) return fromApiError(error);
  return new BerthError(kindOfStatus[status] ?? 'internal', `the daemon answered HTTP ${status}`, {
    code: 'bad_answer',
  });
}

/** A line of a JSON-lines answer may be the error that ended it. */
export function lineError(line: unknown): BerthError | undefined {
  const error = (line as { readonly error?: unknown } | null)?.error;
  return isApiError(error) ? fromApiError(error) : undefined;
}

function parseApiError(body: string): ApiError | undefined {
  try {
    const { error } = JSON.parse(body) as { readonly error?: unknown };
    return isApiError(error) ? error : undefined;
  } catch {
    // Not JSON, or null: the status has to do.
    return undefined;
  }
}

function isApiError(value: unknown): value is ApiError {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, message } = value as Partial<ApiError>;
  return typeof kind === 'string' && typeof message === 'string';
}
