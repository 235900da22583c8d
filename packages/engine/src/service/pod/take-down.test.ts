import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { silentLog } from '@berth/model/context';
import type { ContainerView } from '../container/contract.ts';
import { ContainerEntry } from '../container/entry.ts';
import type { StartRecordFile } from '../container/start-record.ts';
import type { Task } from '../container/task.ts';
import type { PodBackend } from './backend.ts';
import { PodEntry } from './entry.ts';
import { podConfig } from './spec/input-example.ts';
import { takeDown } from './take-down.ts';

describe('taking a pod down', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'berth-take-down-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('goes on without a start that hangs, whose container it ends when it has come up', async () => {
    const pod = readyPod();
    const hung = Promise.withResolvers<void>();
    const late = container();
    pod.containers.add(late);
    const killed: number[] = [];
    const start = pod.use(async () => {
      await hung.promise;
      late.task = taskOf(late, (signal) => killed.push(signal));
    });
    const detach = (): Promise<void> => {
      hung.resolve();
      return Promise.resolve();
    };
    await takeDown(backendOf(folder, detach), pod, 1);
    await start;
    assert.deepEqual(killed, [9]);
    assert.equal(pod.record.phase, 'stopping');
  });
});

const state = { status: 'running', pid: 1 };

function container(): ContainerEntry {
  const view = { namespace: 'k8s.io', id: 'c', name: 'c', createdAt: 1, snapshotKey: '', state };
  return new ContainerEntry(view as unknown as ContainerView, {} as StartRecordFile);
}

/** Ends by the first signal. */
function taskOf(entry: ContainerEntry, heard: (signal: number) => void): Task {
  const kill = (signal: number): Promise<void> => {
    heard(signal);
    entry.task = undefined;
    entry.tellExit();
    return Promise.resolve();
  };
  return { kill } as unknown as Task;
}

function readyPod(): PodEntry {
  const record = { config: podConfig, runtimeHandler: '', phase: 'running', netns: '' } as const;
  const pod = new PodEntry({ namespace: 'k8s.io', id: 'p', createdAt: 1 }, record);
  pod.sandbox = container();
  return pod;
}

function backendOf(folder: string, detach: () => Promise<void>): PodBackend {
  const imageVolumes = { release: () => Promise.resolve() };
  const containers = { root: folder, run: folder };
  const pods = { save: () => Promise.resolve() };
  return { log: silentLog, containers, pods, imageVolumes, network: { detach } } as unknown as PodBackend;
}
