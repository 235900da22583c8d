import { BerthError, errnoName } from '@berth/model/error';

/** SQLite's own numbers (sqlite.org/rescode.html) for a full and for a read-only disk. */
const sqliteFull = 13;
const sqliteReadOnly = 8;

/** True for an error, or one behind it, that says that there is no space left. */
export function isDiskFull(error: unknown): boolean {
  return someCause(
    error,
    (one) =>
      ['ENOSPC', 'EDQUOT', 'enospc', 'edquot', 'no_space'].includes(codeOf(one)) || sqliteCode(one) === sqliteFull,
  );
}

/** The error in words when it is the disk's, naming the folder on it; any other as it is. */
export function diskError(folder: string, error: unknown): unknown {
  if (isDiskFull(error)) {
    return new BerthError('resource_exhausted', `no space is left on the disk of ${folder}`, {
      code: 'no_space',
      hint: 'berth system df shows what takes space; berth image prune frees some of it',
      cause: error,
    });
  }
  const isReadOnly = (one: unknown): boolean =>
    ['EROFS', 'erofs'].includes(codeOf(one)) || sqliteCode(one) === sqliteReadOnly;
  if (someCause(error, isReadOnly)) {
    return new BerthError('failed_precondition', `the disk of ${folder} can only be read`, {
      code: 'read_only_disk',
      hint: 'the kernel log says why, if it was not mounted so',
      cause: error,
    });
  }
  return error;
}

function someCause(error: unknown, test: (error: unknown) => boolean): boolean {
  for (let one = error, depth = 0; one !== undefined && depth < 8; depth++) {
    if (test(one)) return true;
    one = one instanceof Error ? one.cause : undefined;
  }
  return false;
}

function codeOf(error: unknown): string {
  return error instanceof BerthError ? error.code : (errnoName(error) ?? '');
}

function sqliteCode(error: unknown): number | undefined {
  return errnoName(error) === 'ERR_SQLITE_ERROR'
    ? ((error as { readonly errcode?: number }).errcode ?? 0) & 0xff
    : undefined;
}
