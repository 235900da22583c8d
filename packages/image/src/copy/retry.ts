import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError, errnoName } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import type { SourceBlob } from '../medium/medium.ts';

export interface RetryOptions {
  /** Tries after the first. */
  readonly retries: number;
  readonly signal: AbortSignal;
  readonly onRetry?: (error: unknown) => void;
}

const lostConnection = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/**
 * Whether the same may succeed a moment later: no answer, an answer that asks to come back (503, 429), a connection that
 * broke. Wrong bytes, a full disk and refused credentials stay as they are.
 */
export function isTransient(error: unknown): boolean {
  if (isSpent(error)) return false;
  if (!(error instanceof BerthError)) return lostConnection.has(errnoName(error) ?? '');
  if (error.kind === 'resource_exhausted') return error.code === 'too_many_requests';
  return error.kind === 'unavailable' || error.kind === 'deadline_exceeded';
}

/** Failures that were tried again as often as is allowed, somewhere deeper. */
const spent = new WeakSet();

/** Also where a medium has put words of its own around the failure. */
function isSpent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return spent.has(error) || (error.cause !== error && isSpent(error.cause));
}

/** Runs `attempt` again after failures that may pass, waiting twice as long each time. */
export async function withRetries<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      await pause(error, failures, options);
    }
  }
}

/**
 * The blob, read on from where the connection broke. Each piece that arrives shows that it goes on: only failures in a
 * row count.
 */
export function resumingBlob(blob: SourceBlob, descriptor: Descriptor, options: RetryOptions): SourceBlob {
  return {
    ...(blob.file === undefined ? {} : { file: blob.file }),
    async *read(signal, start = 0) {
      let at = start;
      for (let failures = 0; ; failures++) {
        try {
          for await (const piece of blob.read(signal, at)) {
            at += piece.length;
            if (piece.length > 0) failures = 0;
            yield piece;
          }
          return;
        } catch (error) {
          if (at >= descriptor.size) throw error;
          await pause(error, failures, options);
        }
      }
    },
  };
}

const firstPause = 200;
const longestPause = 10_000;

/** @throws the error, where it is not to be tried again */
async function pause(error: unknown, failures: number, { retries, signal, onRetry }: RetryOptions): Promise<void> {
  if (signal.aborted || !isTransient(error)) throw error;
  if (failures >= retries) {
    if (typeof error === 'object' && error !== null) spent.add(error);
    throw error;
  }
  onRetry?.(error);
  // Copies that were thrown back together do not come again together.
  const milliseconds = Math.min(longestPause, firstPause * 2 ** failures) * (0.5 + Math.random() / 2);
  await sleep(milliseconds, undefined, { signal });
}
