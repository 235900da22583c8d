import { BerthError, isKind } from '@berth/model/error';
import type { CallContext } from '@berth/model/context';
import type { Resources } from '@berth/model/pod-config';
import { placeOfEntry, runtimeOf } from '../container/places.ts';
import type { ContainerEntry } from '../container/entry.ts';
import type { ContainerRecord } from '../container/contract.ts';
import type { PodBackend } from './backend.ts';
import { partOf } from './views.ts';

/** Only what is specified changes; of one that does not run yet it is kept for the start. Durable when it resolves. */
export async function updateContainer(
  backend: PodBackend,
  context: CallContext,
  { ref, resources }: { readonly ref: string; readonly resources: Resources },
): Promise<void> {
  const { container } = backend.pods.findContainer(context.namespace, ref);
  await container.lock.run(() => updateLocked(backend, context, { container, change: resources }));
}

async function updateLocked(
  { containers, specs }: PodBackend,
  context: CallContext,
  { container, change }: { readonly container: ContainerEntry; readonly change: Resources },
): Promise<void> {
  const { status } = container.state;
  if (status === 'exited' || container.removed) throw notRunning(container);
  const { spec, resources } = specs.update(container.record.spec, partOf(container).resources, change);
  if (container.isRunning && spec.linux.resources !== undefined) {
    const place = { ...placeOfEntry(containers, container), spec };
    try {
      await runtimeOf(containers, container).update(context, place, spec.linux.resources);
    } catch (error) {
      // It ended meanwhile: there is nothing left to be changed, nor to fail for.
      if (container.isRunning) throw await rolledBack(containers, context, { container, error });
    }
  }
  container.record = withResources(container.record, spec, resources);
  containers.registry.save(container);
  await containers.registry.settled();
}

function withResources(record: ContainerRecord, spec: ContainerRecord['spec'], resources: Resources): ContainerRecord {
  const { pod } = record;
  if (pod?.container === undefined) return record;
  return { ...record, spec, pod: { ...pod, container: { ...pod.container, resources } } };
}

/** Some limits may have been written before the one that the kernel refused. */
async function rolledBack(
  containers: PodBackend['containers'],
  context: CallContext,
  { container, error }: { readonly container: ContainerEntry; readonly error: unknown },
): Promise<unknown> {
  const before = container.record.spec.linux.resources;
  if (before === undefined) return error;
  const place = placeOfEntry(containers, container);
  await runtimeOf(containers, container)
    .update(context, place, before)
    .catch((again: unknown) => {
      if (isKind(again, 'not_found')) return;
      containers.log.warn('limits were not set back after a failed update', { id: container.id, error: String(again) });
    });
  return error;
}

export function notRunning({ id }: ContainerEntry): BerthError {
  return new BerthError('failed_precondition', `container ${id} is not running`, { code: 'not_running' });
}
