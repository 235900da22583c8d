import assert from 'node:assert/strict';
import { it } from 'node:test';
import { backgroundContext } from '@berth/model/context';
import type { ContainerView } from '../container/contract.ts';
import { ContainerEntry } from '../container/entry.ts';
import type { StartRecordFile } from '../container/start-record.ts';
import type { Task } from '../container/task.ts';
import type { PodBackend } from './backend.ts';
import { createPodContainerService } from './container-service.ts';

it('a container that is stopped while it is started does not run afterwards', async () => {
  const view = { id: 'c', name: 'c', state: { status: 'created' }, stopSignal: 15, labels: {}, config: {} };
  const container = new ContainerEntry(view as unknown as ContainerView, {} as StartRecordFile);
  const signals: number[] = [];
  const kill = (signal: number): Promise<void> => {
    signals.push(signal);
    container.changeState({ status: 'exited' });
    container.tellExit();
    return Promise.resolve();
  };
  const { log } = backgroundContext();
  const backend = {
    pods: { findContainer: () => ({ container }) },
    containers: { log, events: { publish: () => {} } },
    log,
  } as unknown as PodBackend;
  const starting = Promise.withResolvers<void>();
  const started = container.lock.run(async () => {
    await starting.promise;
    container.task = { kill } as unknown as Task;
    container.changeState({ status: 'running' });
  });
  const stopped = createPodContainerService(backend).stop(backgroundContext(), 'c', 10);
  starting.resolve();
  await Promise.all([started, stopped]);
  assert.deepEqual([signals, container.state.status], [[15], 'exited']);
});
