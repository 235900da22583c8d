import type { CallContext } from '@berth/model/context';
import { signalName } from '@berth/model/signal';
import type * as wire from '@berth/wire/native/api';
import type { ContainerState, ContainerView } from '#service/container/contract';
import type { NativeBackend } from './backend.ts';
import { rfc3339 } from './body.ts';

/** Pods by their id. */
export type PodNames = ReadonlyMap<string, wire.PodOfContainer>;

/** What the pods of these containers are called. One that is just being removed has no name any more. */
export function podsOf(
  { pods }: Pick<NativeBackend, 'pods'>,
  context: CallContext,
  containers: readonly ContainerView[],
): PodNames {
  if (containers.every(({ pod }) => pod === undefined)) return new Map();
  const named = pods.list(context).map(({ id, config: { metadata } }) => {
    return [id, { id, name: metadata.name, namespace: metadata.namespace }] as const;
  });
  return new Map(named);
}

/** A container as `ps` needs it. */
export function containerSummary(view: ContainerView, pods: PodNames): wire.ContainerSummary {
  const podId = view.pod?.podId;
  return {
    id: view.id,
    name: view.name,
    image: view.config.image,
    imageId: view.image.target,
    command: view.spec.process.args.map(shown).join(' '),
    createdAt: new Date(view.createdAt).toISOString(),
    status: view.state.status,
    state: containerState(view.state),
    labels: view.config.labels ?? {},
    namespace: view.namespace,
    ...(podId === undefined ? {} : { pod: pods.get(podId) ?? { id: podId, name: '', namespace: '' } }),
  };
}

/** Docker's way to show an argument. */
function shown(argument: string): string {
  return argument.includes(' ') ? `'${argument}'` : argument;
}

export function containerDetail(
  view: ContainerView,
  more: { readonly logPath: string; readonly execs: readonly string[]; readonly pods: PodNames },
): wire.ContainerDetail {
  return {
    ...containerSummary(view, more.pods),
    config: view.config,
    args: view.spec.process.args,
    runtime: view.runtime ?? 'berth',
    stopSignal: signalName(view.stopSignal),
    cgroupPath: view.spec.linux.cgroupsPath ?? '',
    logPath: more.logPath,
    snapshotKey: view.snapshotKey,
    spec: view.spec,
    execs: more.execs,
  };
}

function containerState(state: ContainerState): wire.ContainerState {
  return { ...state, startedAt: rfc3339(state.startedAt), finishedAt: rfc3339(state.finishedAt) };
}
