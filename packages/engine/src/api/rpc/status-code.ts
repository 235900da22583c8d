import type { BerthError, ErrorKind } from '@berth/model/error';

/** gRPC's status code (statuscodes.md) of each kind. A fault of ours is UNKNOWN, of which kubelet shows the words alone. */
export const statusCode: Readonly<Record<ErrorKind, number>> = {
  cancelled: 1,
  internal: 2,
  invalid_argument: 3,
  deadline_exceeded: 4,
  not_found: 5,
  already_exists: 6,
  permission_denied: 7,
  resource_exhausted: 8,
  failed_precondition: 9,
  aborted: 10,
  out_of_range: 11,
  unimplemented: 12,
  unavailable: 14,
  data_loss: 15,
  unauthenticated: 16,
};

/** Characters of a message: clients refuse a block of headers that is too large. */
const longestMessage = 4096;

/** How a call ended, as its last headers. */
export type StatusHeaders = { readonly 'grpc-status': string; readonly 'grpc-message'?: string };

export const success: StatusHeaders = { 'grpc-status': '0' };

/** The hint is part of the message: gRPC has no other place that its clients show. */
export function failure(error: BerthError): StatusHeaders {
  const text = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  return { 'grpc-status': String(statusCode[error.kind]), 'grpc-message': encodeMessage(text) };
}

/** UTF-8, percent-encoded where it is not printable ASCII (PROTOCOL-HTTP2.md, "Status-Message"). */
export function encodeMessage(text: string): string {
  const short = text.length > longestMessage ? `${text.slice(0, longestMessage)}...` : text;
  return short
    .toWellFormed()
    .replace(/[^\x20-\x24\x26-\x7e]+/g, (part) =>
      Array.from(Buffer.from(part), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    );
}
