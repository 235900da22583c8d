import { setTimeout as sleep } from 'node:timers/promises';

/** Time as the client sees it, so that tests need not wait. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** @throws the signal's reason */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** What is measured or chosen by us and fixed in use; tests change it. Times in milliseconds, sizes in bytes. */
export interface Tuning {
  readonly clock: Clock;
  /** How often one request is sent again after a failure that may pass. */
  readonly maxRetries: number;
  /** Back-off before the first repetition; doubles each time, up to `longestPause`. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** Until a connection stands. */
  readonly connectPatience: number;
  /** From the request's last byte to the answer's first: a registry may check a whole layer before it answers. */
  readonly answerPatience: number;
  /** Between two pieces of a body. */
  readonly bodyPatience: number;
  /** Blobs above this are asked for in ranges at first. */
  readonly rangesFrom: number;
  readonly pieceSize: number;
  readonly piecesInFlight: number;
  /** A first piece that came at this rate (bytes a millisecond) is not made faster by parallel ones. */
  readonly fastEnough: number;
  /** Chunk of an upload where a registry does not take a blob in one. */
  readonly chunkSize: number;
}

export const defaultTuning: Tuning = {
  clock: {
    now: () => Date.now(),
    async sleep(milliseconds, signal) {
      await sleep(milliseconds, undefined, { signal });
    },
  },
  maxRetries: 5,
  firstPause: 300,
  longestPause: 30_000,
  connectPatience: 30_000,
  answerPatience: 300_000,
  bodyPatience: 30_000,
  rangesFrom: 32 << 20,
  pieceSize: 8 << 20,
  piecesInFlight: 4,
  fastEnough: 100_000,
  chunkSize: 16 << 20,
};
