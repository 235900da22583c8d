import { BerthError, type ErrorKind, errnoName } from '@berth/model/error';
import { readable, type TarEntry } from '../tar/entry.ts';

/** Errnos that only the layer's own content can cause on a healthy system, and those of full disks. */
const kinds: Readonly<Record<string, ErrorKind>> = {
  ENAMETOOLONG: 'invalid_argument',
  ENOTDIR: 'invalid_argument',
  EISDIR: 'invalid_argument',
  ELOOP: 'invalid_argument',
  EINVAL: 'invalid_argument',
  ENOENT: 'invalid_argument',
  EXDEV: 'invalid_argument',
  EFBIG: 'invalid_argument',
  EMLINK: 'invalid_argument',
  ENOSPC: 'resource_exhausted',
  EDQUOT: 'resource_exhausted',
  EMFILE: 'resource_exhausted',
  EPERM: 'permission_denied',
  EACCES: 'permission_denied',
};

/** The error with the entry's name before it. */
export function entryError(entry: TarEntry, error: unknown): BerthError {
  const name = `layer entry '${readable(entry.name)}'`;
  if (error instanceof BerthError) {
    const message = error.message.startsWith('layer entry') ? error.message : `${name} ${error.message}`;
    return new BerthError(error.kind, message, { code: error.code, cause: error });
  }
  const errno = errnoName(error) ?? '';
  const message = error instanceof Error ? error.message : String(error);
  return new BerthError(kinds[errno] ?? 'internal', `${name} cannot be written: ${message}`, {
    code: errno.toLowerCase() || 'internal',
    cause: error,
  });
}
