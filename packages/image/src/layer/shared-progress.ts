/**
 * How far work in one thread has come, for another thread to follow: one word of shared memory that holds an amount
 * (such as bytes written) and whether the work has ended. Waiting leaves the thread free for its other callbacks.
 */
export type SharedProgress = BigInt64Array<SharedArrayBuffer>;

/** The amount is in the upper bits, so that one word changes whatever happens and no waiter can miss it. */
const stateBits = 2n;
const stateMask = 3n;
const running = 0n;
const complete = 1n;
const failed = 2n;

export function sharedProgress(amount = 0): SharedProgress {
  const progress = new BigInt64Array(new SharedArrayBuffer(8));
  advance(progress, amount);
  return progress;
}

export function advance(progress: SharedProgress, amount: number): void {
  store(progress, (BigInt(amount) << stateBits) | running);
}

/** Nothing more will come: all was done, or it cannot be. */
export function finish(progress: SharedProgress, success: boolean): void {
  const amount = Atomics.load(progress, 0) & ~stateMask;
  store(progress, amount | (success ? complete : failed));
}

export function amountOf(progress: SharedProgress): number {
  return Number(Atomics.load(progress, 0) >> stateBits);
}

/** Lets waiters look again at what else they watch, such as a word that stops them. */
export function wake(progress: SharedProgress): void {
  Atomics.notify(progress, 0);
}

/**
 * Resolves once the amount is reached, or once the work has ended with less.
 * @param checkpoint called after every wake-up; throws to give up
 */
export async function reached(progress: SharedProgress, amount: number, checkpoint: () => void): Promise<ProgressView> {
  for (;;) {
    checkpoint();
    const word = Atomics.load(progress, 0);
    const view = { amount: Number(word >> stateBits), state: stateOf(word) };
    if (view.amount >= amount || view.state !== 'running') return view;
    await changed(progress, word);
  }
}

/** Resolves once the work has ended. */
export function ended(progress: SharedProgress, checkpoint: () => void): Promise<ProgressView> {
  return reached(progress, Number.POSITIVE_INFINITY, checkpoint);
}

export interface ProgressView {
  readonly amount: number;
  readonly state: 'running' | 'complete' | 'failed';
}

function stateOf(word: bigint): ProgressView['state'] {
  const state = word & stateMask;
  return state === running ? 'running' : state === complete ? 'complete' : 'failed';
}

function store(progress: SharedProgress, word: bigint): void {
  Atomics.store(progress, 0, word);
  Atomics.notify(progress, 0);
}

/** Atomics.waitAsync(3) alone does not keep a thread's event loop alive. */
async function changed(progress: SharedProgress, seen: bigint): Promise<void> {
  const waiting = Atomics.waitAsync(progress, 0, seen);
  if (!waiting.async) return;
  const keptAlive = setInterval(() => {}, 1 << 30);
  try {
    await waiting.value;
  } finally {
    clearInterval(keptAlive);
  }
}
