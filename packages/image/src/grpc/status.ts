import { BerthError, type ErrorKind } from '@berth/model/error';

/** gRPC's status codes (statuscodes.md) but OK, by number, in our words. */
const kinds: Readonly<Record<number, ErrorKind>> = {
  1: 'cancelled',
  // UNKNOWN: an error that the server has no word for.
  2: 'internal',
  3: 'invalid_argument',
  4: 'deadline_exceeded',
  5: 'not_found',
  6: 'already_exists',
  7: 'permission_denied',
  8: 'resource_exhausted',
  9: 'failed_precondition',
  10: 'aborted',
  11: 'out_of_range',
  12: 'unimplemented',
  13: 'internal',
  14: 'unavailable',
  15: 'data_loss',
  16: 'unauthenticated',
};

/** What HTTP itself says, where the answer is none of gRPC's (http-grpc-status-mapping.md). */
const httpKinds: Readonly<Record<number, ErrorKind>> = {
  400: 'internal',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'unimplemented',
  429: 'unavailable',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

/** What ended a stream that was reset, by HTTP/2's error code (RFC 9113, section 7). */
const resetKinds: Readonly<Record<number, ErrorKind>> = {
  7: 'unavailable',
  8: 'cancelled',
  11: 'resource_exhausted',
  12: 'permission_denied',
};

export type Headers = Readonly<Record<string, unknown>>;

/** True where these headers tell how the call ended. */
export function tellsStatus(headers: Headers): boolean {
  return headers['grpc-status'] !== undefined;
}

/** The error that the trailers tell of; undefined when the call succeeded. */
export function statusError(trailers: Headers, method: string): BerthError | undefined {
  const code = Number(trailers['grpc-status']);
  if (code === 0) return undefined;
  const kind = kinds[code] ?? 'internal';
  const message = decodeMessage(text(trailers['grpc-message']));
  return new BerthError(kind, message === '' ? `${method} failed with status ${code}` : message);
}

/** The error that an answer is which is none of gRPC's; undefined when it may be one. */
export function answerError(headers: Headers, method: string): BerthError | undefined {
  const status = Number(headers[':status']);
  const type = text(headers['content-type']);
  if (status === 200 && type.startsWith('application/grpc')) return undefined;
  const what = status === 200 ? `with the type '${type.slice(0, 80)}'` : `with the HTTP status ${status}`;
  return new BerthError(httpKinds[status] ?? 'internal', `${method} was answered ${what}: is this a gRPC server?`, {
    code: 'bad_answer',
  });
}

export function resetError(code: number, method: string): BerthError {
  return new BerthError(resetKinds[code] ?? 'unavailable', `the server broke ${method} off (HTTP/2 error ${code})`, {
    code: 'connection_lost',
  });
}

function text(header: unknown): string {
  return typeof header === 'string' ? header : '';
}

/** Percent-encoded UTF-8 (PROTOCOL-HTTP2.md, "Status-Message"). What is not stays as it is. */
function decodeMessage(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
