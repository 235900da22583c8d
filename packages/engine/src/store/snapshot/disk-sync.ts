import { Worker } from 'node:worker_threads';
import { SYS } from '@berth/addon/call';
import { addonPath } from '@berth/addon/load';
import { BerthError } from '@berth/model/error';

/** Puts everything of the file system that holds a folder on disk. */
export type DiskSync = (folder: string) => Promise<void>;

/** A thread, because syncfs(2) takes seconds after a large unpack. As text, so that bundles need no second file. */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const { openSync, closeSync } = require('node:fs');
const addon = { exports: {} };
process.dlopen(addon, workerData.addon);
const fd = openSync(workerData.folder, 'r');
const result = addon.exports.syscall(workerData.number, fd);
closeSync(fd);
parentPort.postMessage(result);
`;

/**
 * syncfs(2) for many callers on one file system: those that come while one runs share the next one, which began
 * after all of them had written.
 */
export function createDiskSync(run: DiskSync = syncInThread): DiskSync {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (folder: string): Promise<void> => {
    next = undefined;
    running = run(folder).finally(() => (running = undefined));
    return running;
  };
  return (folder) => {
    if (running === undefined) return start(folder);
    next ??= running.then(
      () => start(folder),
      () => start(folder),
    );
    return next;
  };
}

function syncInThread(folder: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const failed = (cause: unknown): void =>
    reject(new BerthError('internal', `${folder} could not be synced to disk`, { code: 'sync_failed', cause }));
  const workerData = { addon: addonPath(), number: SYS.syncfs, folder };
  const worker = new Worker(program, { eval: true, name: 'syncfs', workerData });
  worker.on('message', (result: number) => (result === 0 ? resolve() : failed(new Error(`syncfs: errno ${-result}`))));
  worker.on('error', failed);
  worker.on('exit', (code) => failed(new Error(`the thread ended with ${code}`)));
  return promise;
}
