import { getSystemErrorMap, getSystemErrorName } from 'node:util';

/** A file name or path as the kernel takes it: UTF-8 text, or bytes where they are not UTF-8. */
export type Name = string | Uint8Array;

/** What a failed call throws: the shape of Node's own file system errors. */
export interface SystemError extends Error {
  /** The errno's name, `ENOENT`. */
  readonly code: string;
  /** Negative, as in Node. */
  readonly errno: number;
  readonly syscall: string;
  readonly path?: string;
}

/** The call's result. @throws SystemError when it is -errno */
export function outcome(result: number, syscall: string, path?: Name): number {
  if (result >= 0) return result;
  throw systemError(result, syscall, path);
}

/** Names that layers can meet and libuv, whose table Node shows, does not know. */
const beyondLibuv: Readonly<Record<number, string>> = { 116: 'ESTALE', 117: 'EUCLEAN', 122: 'EDQUOT' };

function systemError(errno: number, syscall: string, path: Name | undefined): SystemError {
  const code = beyondLibuv[-errno] ?? getSystemErrorName(errno);
  const meaning = getSystemErrorMap().get(errno)?.[1] ?? 'unknown error';
  const shown = typeof path === 'object' ? Buffer.from(path).toString() : path;
  const where = shown === undefined ? '' : ` '${shown}'`;
  const error = new Error(`${code}: ${meaning}, ${syscall}${where}`);
  return Object.assign(error, { code, errno, syscall, ...(shown === undefined ? {} : { path: shown }) });
}
