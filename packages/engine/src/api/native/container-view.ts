import { signalName } from '@berth/model/signal';
import type * as wire from '@berth/wire/native/api';
import type { ContainerState, ContainerView } from '#service/container/contract';
import { rfc3339 } from './body.ts';

/** A container as `ps` needs it. */
export function containerSummary(view: ContainerView): wire.ContainerSummary {
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
  };
}

/** Docker's way to show an argument. */
function shown(argument: string): string {
  return argument.includes(' ') ? `'${argument}'` : argument;
}

export function containerDetail(
  view: ContainerView,
  more: { readonly logPath: string; readonly execs: readonly string[] },
): wire.ContainerDetail {
  return {
    ...containerSummary(view),
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
