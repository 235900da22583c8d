import type { Tuning } from '../tuning.ts';

/** Longer than this nobody waits before a message tells why. */
const longestWait = 60_000;

/** Statuses that the same request may not get again. */
export function isPassing(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/**
 * Milliseconds before repetition number `attempt` (0 is the first): what Retry-After says (RFC 9110, 10.2.3), else
 * exponential with jitter. Undefined: it is not worth waiting.
 */
export function pauseBefore(attempt: number, retryAfter: string | undefined, tuning: Tuning): number | undefined {
  if (attempt >= tuning.maxRetries) return undefined;
  const asked = retryAfter === undefined ? undefined : waitAsked(retryAfter, tuning.clock.now());
  if (asked !== undefined) return asked > longestWait ? undefined : asked;
  const full = Math.min(tuning.firstPause * 2 ** attempt, tuning.longestPause);
  return full / 2 + (Math.random() * full) / 2;
}

function waitAsked(retryAfter: string, now: number): number | undefined {
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
