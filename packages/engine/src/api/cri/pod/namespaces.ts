import { create } from '@bufbuild/protobuf';
import type { IdRange, NamespaceMode, NamespaceOptions } from '@berth/model/pod-config';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { choice } from '../field.ts';

const modes = {
  [wire.NamespaceMode.POD]: 'pod',
  [wire.NamespaceMode.CONTAINER]: 'container',
  [wire.NamespaceMode.NODE]: 'node',
  [wire.NamespaceMode.TARGET]: 'target',
} as const;

/** Absent options are those of an empty message: everything is the pod's. @throws invalid_argument naming the field */
export function namespaceOptions(given: wire.NamespaceOption | undefined, path: string): NamespaceOptions {
  const { network, pid, ipc, targetId, usernsOptions: user } = given ?? create(wire.NamespaceOptionSchema);
  return {
    network: choice(network, modes, `${path}.network`),
    pid: choice(pid, modes, `${path}.pid`),
    ipc: choice(ipc, modes, `${path}.ipc`),
    targetId,
    ...(user === undefined
      ? {}
      : {
          user: {
            mode: choice(user.mode, modes, `${path}.userns_options.mode`),
            uids: idRanges(user.uids),
            gids: idRanges(user.gids),
          },
        }),
  };
}

export function idRanges(ranges: readonly wire.IDMapping[]): readonly IdRange[] {
  return ranges.map(({ hostId, containerId, length }) => ({ hostId, containerId, length }));
}

const modeOf: Readonly<Record<NamespaceMode, wire.NamespaceMode>> = {
  pod: wire.NamespaceMode.POD,
  container: wire.NamespaceMode.CONTAINER,
  node: wire.NamespaceMode.NODE,
  target: wire.NamespaceMode.TARGET,
};

/** The way back, for answers. */
export function namespaceOption({ network, pid, ipc, targetId, user }: NamespaceOptions) {
  return {
    network: modeOf[network],
    pid: modeOf[pid],
    ipc: modeOf[ipc],
    targetId,
    ...(user === undefined
      ? {}
      : { usernsOptions: { mode: modeOf[user.mode], uids: [...user.uids], gids: [...user.gids] } }),
  };
}
