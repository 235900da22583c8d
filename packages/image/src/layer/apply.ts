import { Worker } from 'node:worker_threads';
import { BerthError, errnoName } from '@berth/model/error';
import type { LayerJob, LayerResult, PlainError, WorkerInput, WorkerMessage } from './job.ts';
import { wake } from './shared-progress.ts';
import { workerFile } from './worker-file.ts';

export interface ApplyOptions {
  readonly signal?: AbortSignal;
  /** Called about ten times a second with the blob's bytes read so far. */
  readonly onProgress?: (bytesRead: number) => void;
}

/**
 * Applies one layer in a thread of its own; several at once are several calls. When it fails, what was
 * written so far stays: the caller removes the folder or drops the ingest.
 *
 * @throws what `runJob` throws; cancelled when the signal is aborted
 */
export async function applyLayer(job: LayerJob, options: ApplyOptions = {}): Promise<LayerResult> {
  const { signal } = options;
  if (isAborted(signal)) throw cancelled(signal!);
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const input: WorkerInput = { job, stop };
  // Descriptors opened by the addon are not fs's own, and must not be warned about.
  const worker = new Worker(workerFile(), {
    workerData: input,
    name: 'layer',
    trackUnmanagedFds: false,
    resourceLimits,
  });
  const abort = (): void => {
    Atomics.store(stop, 0, 1);
    if ('growth' in job.source) wake(job.source.growth);
    if (job.parentsReady !== undefined) wake(job.parentsReady);
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await answerOf(worker, options.onProgress);
  } catch (error) {
    if (isAborted(signal)) throw cancelled(signal!);
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
    await worker.terminate();
  }
}

/** The thread's heap; its buffers are outside. Enough for the folder times of a million folders. */
const resourceLimits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 };

function answerOf(worker: Worker, onProgress: ((bytesRead: number) => void) | undefined): Promise<LayerResult> {
  const { promise, resolve, reject } = Promise.withResolvers<LayerResult>();
  worker.on('message', (message: WorkerMessage) => {
    if (message.type === 'progress') onProgress?.(message.bytesRead);
    else if (message.type === 'done') resolve(message.result);
    else reject(revived(message.error));
  });
  worker.on('error', (cause) => reject(threadError(cause)));
  worker.on('exit', (code) =>
    reject(new BerthError('internal', `the thread that applies a layer ended with ${code}`, { code: 'layer_thread' })),
  );
  return promise;
}

function threadError(cause: unknown): BerthError {
  if (errnoName(cause) === 'ERR_WORKER_OUT_OF_MEMORY') {
    return new BerthError('resource_exhausted', 'the layer has more folders than fit into the memory of its thread', {
      code: 'layer_too_large',
      cause,
    });
  }
  return new BerthError('internal', 'the thread that applies a layer failed', { code: 'layer_thread', cause });
}

function revived({ kind, code, message, hint, stack }: PlainError): BerthError {
  const error = new BerthError(kind, message, { code, ...(hint === undefined ? {} : { hint }) });
  if (stack !== undefined && stack !== '') error.stack = stack;
  return error;
}

function cancelled(signal: AbortSignal): BerthError {
  const cause: unknown = signal.reason;
  if (cause instanceof BerthError) return cause;
  return new BerthError('cancelled', 'applying the layer was cancelled', { cause });
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
