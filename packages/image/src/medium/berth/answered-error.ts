import { BerthError, type ErrorKind } from '@berth/model/error';
import { plainText } from '../../registry/failure/plain-text.ts';

interface Meaning {
  readonly kind: ErrorKind;
  readonly code: string;
}

/** What the distribution spec's codes are to us. */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['MANIFEST_UNKNOWN', { kind: 'not_found', code: 'no_such_image' }],
  ['NAME_UNKNOWN', { kind: 'not_found', code: 'no_such_image' }],
  ['BLOB_UNKNOWN', { kind: 'not_found', code: 'no_such_blob' }],
  ['BLOB_UPLOAD_UNKNOWN', { kind: 'not_found', code: 'no_such_upload' }],
  // Collected between the question whether it is there and the manifest: whoever copies asks again.
  ['MANIFEST_BLOB_UNKNOWN', { kind: 'aborted', code: 'content_gone' }],
  ['DIGEST_INVALID', { kind: 'data_loss', code: 'digest_mismatch' }],
  ['SIZE_INVALID', { kind: 'data_loss', code: 'size_mismatch' }],
  ['BLOB_UPLOAD_INVALID', { kind: 'unavailable', code: 'upload_invalid' }],
  ['DENIED', { kind: 'permission_denied', code: 'permission_denied' }],
]);

/** A store's answer that is an error, with what it says. */
export function answeredError(title: string, { status, text }: { readonly status: number; readonly text: string }) {
  const { code, message } = firstError(text);
  const { kind, code: ours } = meanings.get(code) ?? byStatus(status);
  return new BerthError(kind, `${title}: ${message ?? `the store answered ${status}`}`, { code: ours });
}

/** Answers to HEAD have no body. */
function byStatus(status: number): Meaning {
  if (status === 404) return { kind: 'not_found', code: 'not_found' };
  if (status >= 500) return { kind: 'unavailable', code: 'server_error' };
  return { kind: 'invalid_argument', code: 'invalid_argument' };
}

function firstError(text: string): { readonly code: string; readonly message?: string } {
  try {
    const { errors } = JSON.parse(text) as { errors?: readonly { code?: unknown; message?: unknown }[] };
    const { code, message } = errors?.[0] ?? {};
    return { code: String(code), ...(typeof message === 'string' ? { message: plainText(message) } : {}) };
  } catch {
    return { code: '' };
  }
}
