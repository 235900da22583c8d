import { getSystemErrorMap } from 'node:util';
import { asError, BerthError } from '@berth/model/error';

/**
 * The line that ends a failed command: the message, the kernel's own words for the errno behind it where the message
 * has them not (clients look for `no such file or directory`), and the hint.
 */
export function messageOf(error: unknown): string {
  const { message } = asError(error);
  const errno = errnoText(error);
  const said = errno === undefined || message.includes(errno) ? message : `${message}: ${errno}`;
  return error instanceof BerthError && error.hint !== undefined ? `${said} (${error.hint})` : said;
}

/** The text of the errno that the error or one of its causes carries, `permission denied`. */
function errnoText(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { errno } = at as NodeJS.ErrnoException;
    if (typeof errno === 'number' && errno < 0) return getSystemErrorMap().get(errno)?.[1];
  }
  return undefined;
}
