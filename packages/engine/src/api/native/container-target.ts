import type { CallContext } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import type { ContainerView, StopOptions } from '#service/container/contract';
import type { HttpRequest } from '../http/route.ts';
import { contextOf } from './all-namespaces.ts';
import type { NativeBackend } from './backend.ts';

/** The container that something is to be done to, and its namespace. */
export interface Target {
  readonly context: CallContext;
  readonly view: ContainerView;
}

/**
 * Wherever it is. @throws not_found, failed_precondition (`is_pod`) for the process that holds a pod's namespaces: it
 * starts and ends with its pod
 */
export function targetOf(backend: NativeBackend, request: HttpRequest): Target {
  const ref = request.params['ref'] ?? '';
  const context = contextOf(backend, request, ref);
  const view = backend.containers.inspect(context, ref);
  if (view.pod?.role !== 'sandbox') return { context, view };
  const pod = view.pod.podId.slice(0, 12);
  throw new BerthError('failed_precondition', `${pod} is a pod, no container`, {
    code: 'is_pod',
    hint: `see 'berth pod stop ${pod}' and 'berth pod rm ${pod}'`,
  });
}

/** Seconds until a container of a pod is killed whose pod does not say: kubelet tells it with each stop. */
const podStopTimeout = 10;

/** A pod knows of the start and the end of its containers, and so they are done by way of its service. */
export async function startTarget(backend: NativeBackend, { context, view }: Target): Promise<void> {
  if (view.pod === undefined) await backend.containers.start(context, view.id);
  else await backend.podContainers.start(context, view.id);
}

/** Whether it ran. */
export async function stopTarget(
  backend: NativeBackend,
  { context, view }: Target,
  options: StopOptions,
): Promise<boolean> {
  if (view.pod === undefined || options.signal !== undefined)
    return await backend.containers.stop(context, view.id, options);
  await backend.podContainers.stop(context, view.id, options.timeout ?? podStopTimeout);
  return isLive(view);
}

/** @throws failed_precondition (`still_running`) unless `force` */
export async function removeTarget(backend: NativeBackend, { context, view }: Target, force: boolean): Promise<void> {
  if (view.pod === undefined || (isLive(view) && !force))
    return await backend.containers.remove(context, view.id, { force });
  await backend.podContainers.remove(context, view.id);
}

export function isLive({ state }: ContainerView): boolean {
  return state.status === 'running' || state.status === 'paused';
}
