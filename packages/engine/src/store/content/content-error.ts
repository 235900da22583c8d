import { BerthError } from '@berth/model/error';

/** What both content stores throw, so that the raw one and its wrapper cannot differ. */
export function missingBlob(digest: string): BerthError {
  return new BerthError('not_found', `no content ${digest}`, { code: 'no_such_content' });
}

export function missingIngest(ref: string): BerthError {
  return new BerthError('not_found', `no ingest ${ref}`, { code: 'no_such_ingest' });
}

export function blobExists(digest: string): BerthError {
  return new BerthError('already_exists', `content ${digest} exists`, { code: 'content_exists' });
}

export function invalidOffset(digest: string, offset: number, size: number): BerthError {
  return new BerthError('out_of_range', `offset ${offset} is outside of the ${size} bytes of ${digest}`);
}

export function tooLarge(digest: string, size: number, limit: number): BerthError {
  return new BerthError('resource_exhausted', `${digest} has ${size} bytes, more than the ${limit} allowed here`, {
    code: 'content_too_large',
  });
}

export function sizeMismatch(what: string, size: number, expected: number): BerthError {
  return new BerthError('data_loss', `${what} has ${size} bytes instead of ${expected}`, { code: 'size_mismatch' });
}

export function digestMismatch(digest: string, expected: string): BerthError {
  return new BerthError('data_loss', `the bytes of ${expected} have the digest ${digest}`, {
    code: 'digest_mismatch',
    hint: 'fetch it again; if that repeats, its source is damaged',
  });
}
