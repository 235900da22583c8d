import { parentPort, workerData } from 'node:worker_threads';
import { asError, BerthError } from '@berth/model/error';
import type { PlainError, WorkerInput, WorkerMessage } from './job.ts';
import { runJob } from './run-job.ts';

const progressInterval = 100;

/** The thread of one layer: it runs its job, answers once, and ends. */
async function main({ job, stop }: WorkerInput): Promise<void> {
  let told = performance.now();
  const observer = {
    read(bytesRead: number): void {
      const now = performance.now();
      if (now - told < progressInterval) return;
      told = now;
      answer({ type: 'progress', bytesRead });
    },
    checkpoint(): void {
      if (Atomics.load(stop, 0) !== 0) throw new BerthError('cancelled', 'the layer is not wanted any more');
    },
  };
  try {
    answer({ type: 'done', result: await runJob(job, observer) });
  } catch (error) {
    answer({ type: 'failed', error: plain(error) });
  }
}

function answer(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

function plain(thrown: unknown): PlainError {
  const { message, stack = '' } = asError(thrown);
  if (!(thrown instanceof BerthError)) return { kind: 'internal', code: 'internal', message, stack };
  const { kind, code, hint } = thrown;
  return { kind, code, message, stack, ...(hint === undefined ? {} : { hint }) };
}

void main(workerData as WorkerInput);
