import { signalName } from '@berth/model/signal';
import type { ContainerEntry } from '../container/entry.ts';
import type { ContainerState } from '../container/contract.ts';
import type { PodContainerPart, PodContainerStatus, PodContainerView } from './contract.ts';
import type { PodEntry } from './entry.ts';

const startFailed = 128;

export function containerView(pod: PodEntry, entry: ContainerEntry): PodContainerView {
  const { namespace, id, createdAt, snapshotKey, record } = entry;
  const { state, stopSignal } = record;
  const part = partOf(entry);
  return {
    namespace,
    id,
    podId: pod.id,
    podMetadata: pod.record.config.metadata,
    createdAt,
    status: statusOf(state),
    state,
    reason: reasonOf(state),
    message: state.error,
    part,
    image: part.config.image,
    stopSignal: signalName(stopSignal),
    pid: state.pid,
    snapshotKey,
  };
}

/** What only a pod's container has. */
export function partOf({ id, record }: ContainerEntry): PodContainerPart {
  const part = record.pod?.container;
  if (part === undefined) throw new Error(`container ${id} is not a pod's`);
  return part;
}

/** A paused one runs, for the CRI: it has no word for it. */
function statusOf({ status }: ContainerState): PodContainerStatus {
  return status === 'paused' ? 'running' : status;
}

function reasonOf({ status, exitCode, oomKilled, error }: ContainerState): string {
  if (status !== 'exited') return '';
  if (oomKilled) return 'OOMKilled';
  // An end that nobody saw has 255; a start that failed is the other one that has something to say.
  if (error !== '') return exitCode === startFailed ? 'StartError' : 'Unknown';
  return exitCode === 0 ? 'Completed' : 'Error';
}
