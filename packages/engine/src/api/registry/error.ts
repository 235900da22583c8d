import type { BerthError, ErrorKind } from '@berth/model/error';

interface Told {
  readonly code: string;
  /** Where it is not that of the error's kind. */
  readonly status?: number;
}

/** The distribution spec's codes of our codes. */
const byCode: Readonly<Record<string, Told>> = {
  bad_reference: { code: 'NAME_INVALID' },
  bad_namespace: { code: 'NAME_INVALID' },
  bad_tag: { code: 'MANIFEST_INVALID' },
  bad_digest: { code: 'DIGEST_INVALID' },
  digest_mismatch: { code: 'DIGEST_INVALID', status: 400 },
  size_mismatch: { code: 'SIZE_INVALID', status: 400 },
  bad_manifest: { code: 'MANIFEST_INVALID' },
  body_too_large: { code: 'MANIFEST_INVALID', status: 413 },
  missing_content: { code: 'MANIFEST_BLOB_UNKNOWN' },
  no_such_manifest: { code: 'MANIFEST_UNKNOWN' },
  no_such_repository: { code: 'NAME_UNKNOWN' },
  no_such_blob: { code: 'BLOB_UNKNOWN' },
  no_such_upload: { code: 'BLOB_UPLOAD_UNKNOWN' },
  bad_part: { code: 'BLOB_UPLOAD_INVALID' },
  wrong_offset: { code: 'BLOB_UPLOAD_INVALID' },
  upload_busy: { code: 'BLOB_UPLOAD_INVALID', status: 409 },
  bad_method: { code: 'UNSUPPORTED', status: 405 },
};

const byKind: Readonly<Partial<Record<ErrorKind, string>>> = {
  permission_denied: 'DENIED',
  unauthenticated: 'UNAUTHORIZED',
  resource_exhausted: 'TOOMANYREQUESTS',
  unimplemented: 'UNSUPPORTED',
};

/** As the distribution spec writes errors ("Error Codes"). */
export function registryErrorBody(error: BerthError): unknown {
  const code = byCode[error.code]?.code ?? byKind[error.kind] ?? 'UNKNOWN';
  return { errors: [{ code, message: error.message, detail: error.hint ?? null }] };
}

export function registryErrorStatus(error: BerthError): number | undefined {
  return byCode[error.code]?.status;
}
