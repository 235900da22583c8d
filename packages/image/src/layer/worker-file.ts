import { join } from 'node:path';

/** What a thread that applies layers runs: the bundle beside this bundle, or the source beside this source. */
export function workerFile(): string | URL {
  // Bundles are CommonJS: they have __dirname, and no import.meta.url.
  if (typeof __dirname === 'string') return join(__dirname, 'layer-worker.cjs');
  return new URL('./worker.ts', import.meta.url);
}
