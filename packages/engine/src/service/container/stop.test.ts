import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerView } from './contract.ts';
import { ContainerEntry } from './entry.ts';
import type { StartRecordFile } from './start-record.ts';
import { StopLoop } from './stop.ts';
import type { Task } from './task.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

it('a stop with more time than a timer takes does not kill at once', async () => {
  const state = { status: 'running' };
  const entry = new ContainerEntry({ id: 'c', name: 'c', state } as unknown as ContainerView, {} as StartRecordFile);
  const signals: number[] = [];
  entry.task = { kill: (signal: number) => Promise.resolve(signals.push(signal)) } as unknown as Task;
  const stopped = StopLoop.run(entry, { signal: 15, timeout: 3_000_000_000 }, silent);
  await sleep(30);
  assert.deepEqual(signals, [15]);
  entry.tellExit();
  await stopped;
  assert.equal(entry.stopLoop, undefined);
});
