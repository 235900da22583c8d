import { BerthError, isKind } from '@berth/model/error';
import { piecesOf } from '../transport/body.ts';
import { pauseBefore } from '../transport/retry.ts';
import { type BlobPlace, type ByteRange, openBlob } from './place.ts';

/** A connection that brought this much before it broke was worth it: failures are counted anew. */
const progress = 1 << 20;

/** What a reading found out on the way. */
export interface Meter {
  bytes: number;
  /** Milliseconds in which the reader waited for bytes. */
  waited: number;
}

export interface RangeOptions {
  readonly signal: AbortSignal;
  readonly meter?: Meter;
  /** Where the host ignores ranges, go on to the blob's end rather than ask again. */
  readonly orWhole?: boolean;
}

/**
 * These bytes of the blob, neither more nor fewer, whatever happens to connections.
 * @throws as `openBlob`; unavailable (`connection_lost`) when it broke too often; data_loss (`size_mismatch`) when the
 *   body ends early again and again, or does not end
 */
export async function* readRange(blob: BlobPlace, range: ByteRange, options: RangeOptions): AsyncGenerator<Uint8Array> {
  const { tuning } = blob.place.hosts;
  const { signal } = options;
  let { start: at, end } = range;
  let failures = 0;
  let skipped = 0;
  while (at < end) {
    const before = at;
    let failure: BerthError | undefined;
    try {
      const opened = await openBlob(blob, { start: at, end }, { signal, skipped });
      if (options.orWhole === true && opened.answer.status === 200) end = blob.blob.size;
      for await (const piece of cut(blob, opened, { at, end, meter: options.meter })) {
        at += piece.length;
        yield piece;
      }
      if (at < end) failure = short(blob, at);
    } catch (error) {
      if (!mayBeResumed(error) || signal.aborted) throw ifCancelled(error, blob, signal);
      failure = error as BerthError;
    }
    if (failure === undefined) continue;
    if (at - before >= progress) failures = 0;
    else skipped++;
    const pause = pauseBefore(failures++, undefined, tuning);
    if (pause === undefined) throw failure;
    await sleepOrCancel(blob, pause, signal);
  }
}

/** The part of an answer that is wanted: without what came before `at`, and nothing from `end` on. */
async function* cut(
  { blob, place }: BlobPlace,
  { answer, first }: { readonly answer: Parameters<typeof piecesOf>[0]; readonly first: number },
  { at, end, meter }: { readonly at: number; readonly end: number; readonly meter: Meter | undefined },
): AsyncGenerator<Uint8Array> {
  let position = first;
  let asked = performance.now();
  for await (const piece of piecesOf(answer, place.hosts.tuning.bodyPatience)) {
    const from = Math.max(0, at - position);
    const to = Math.min(piece.length, end - position);
    position += piece.length;
    if (position > blob.size)
      throw new BerthError(
        'data_loss',
        `blob ${blob.digest} has more than its ${blob.size} bytes at ${answer.url.host}`,
        {
          code: 'size_mismatch',
        },
      );
    if (meter !== undefined) {
      meter.waited += performance.now() - asked;
      meter.bytes += piece.length;
    }
    if (to > from) yield to - from === piece.length ? piece : piece.subarray(from, to);
    // Who ignores ranges would go on to the end of the blob.
    if (position > end) return;
    asked = performance.now();
  }
}

function mayBeResumed(error: unknown): boolean {
  return isKind(error, 'unavailable') || isKind(error, 'resource_exhausted');
}

function short({ blob }: BlobPlace, at: number): BerthError {
  return new BerthError('data_loss', `blob ${blob.digest} ends after ${at} of its ${blob.size} bytes`, {
    code: 'size_mismatch',
  });
}

async function sleepOrCancel(blob: BlobPlace, pause: number, signal: AbortSignal): Promise<void> {
  try {
    await blob.place.hosts.tuning.clock.sleep(pause, signal);
  } catch (error) {
    throw ifCancelled(error, blob, signal);
  }
}

function ifCancelled(error: unknown, { blob }: BlobPlace, signal: AbortSignal): unknown {
  if (!signal.aborted || isKind(error, 'cancelled')) return error;
  return new BerthError('cancelled', `blob ${blob.digest}: cancelled`, { cause: error });
}
