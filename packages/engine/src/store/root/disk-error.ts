import { BerthError, errnoName } from '@berth/model/error';

const full: readonly string[] = ['ENOSPC', 'EDQUOT'];

/** What is no fault of ours, in words: a full or a read-only disk. Any other error is as it was. */
export function diskError(error: unknown, what: string): unknown {
  if (error instanceof BerthError) return error;
  const name = errnoName(error) ?? '';
  if (full.includes(name)) {
    return new BerthError('resource_exhausted', `no space is left on the disk for ${what}`, {
      code: 'no_space',
      hint: 'berth system df shows what takes space; berth rmi and berth image prune free some of it',
      cause: error,
    });
  }
  if (name !== 'EROFS') return error;
  return new BerthError('failed_precondition', `the disk can only be read: no place for ${what}`, {
    code: 'read_only_disk',
    hint: 'the kernel log says why, if it was not mounted so',
    cause: error,
  });
}

/** Runs what writes to the disk. @throws resource_exhausted (`no_space`), failed_precondition (`read_only_disk`) */
export async function onDisk<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw diskError(error, what);
  }
}
