import type { MessageInitShape } from '@bufbuild/protobuf';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { PodContainerStatus, PodContainerView } from '#service/pod/contract';
import { EncodedItems } from '../encoded-items.ts';
import { imageSpec, statusImage } from './image-choice.ts';
import { mountMessage } from './mount.ts';
import { resourcesMessage } from './resources.ts';
import { stopSignalMessage } from './stop-signal.ts';

const stateOf: Readonly<Record<PodContainerStatus, wire.ContainerState>> = {
  created: wire.ContainerState.CONTAINER_CREATED,
  running: wire.ContainerState.CONTAINER_RUNNING,
  exited: wire.ContainerState.CONTAINER_EXITED,
  unknown: wire.ContainerState.CONTAINER_UNKNOWN,
};

/** What a container is and where it stands: ContainerStatus, events, PodSandboxStatus. */
export function containerStatus(view: PodContainerView): MessageInitShape<typeof wire.ContainerStatusSchema> {
  const { config, user } = view.part;
  return {
    id: view.id,
    metadata: config.metadata,
    state: stateOf[view.status],
    createdAt: nanoseconds(view.createdAt),
    ...times(view),
    image: statusImage(view.image),
    imageRef: view.part.imageRef,
    imageId: view.part.imageId,
    reason: view.reason,
    message: view.message,
    labels: config.labels,
    annotations: config.annotations,
    mounts: view.part.mounts.map(mountMessage),
    logPath: view.part.logPath,
    resources: { linux: resourcesMessage(view.part.resources) },
    user: { linux: linuxUser(user) },
    stopSignal: stopSignalMessage(view.stopSignal),
  };
}

/** A row of a list. */
export function containerItem(view: PodContainerView): MessageInitShape<typeof wire.ContainerSchema> {
  const { config, imageId } = view.part;
  return {
    id: view.id,
    podSandboxId: view.podId,
    metadata: config.metadata,
    image: imageSpec(view.image),
    // kubelet's images in use: what it compares with Image.id.
    imageRef: imageId,
    imageId,
    state: stateOf[view.status],
    createdAt: nanoseconds(view.createdAt),
    labels: config.labels,
    annotations: config.annotations,
  };
}

const items = new EncodedItems(wire.ContainerSchema);

/** A row of a list as bytes, with the view's configuration as its owner: it is the same object all the container's life. */
export function encodedContainerItem(view: PodContainerView): Uint8Array {
  return items.of(view.part.config, `${view.id} ${view.status}`, () => containerItem(view));
}

/** Nanoseconds since 1970, from milliseconds. */
export function nanoseconds(milliseconds: number): bigint {
  return BigInt(milliseconds) * 1_000_000n;
}

/** Of one that ended without having run, e.g. after a failed start, kubectl would show 1970 as its start. */
function times({ status, state }: PodContainerView) {
  const startedAt = BigInt(state.startedAt);
  const finishedAt = BigInt(state.finishedAt);
  if (status === 'created') return {};
  if (status === 'running') return { startedAt };
  return { startedAt: startedAt === 0n ? finishedAt : startedAt, finishedAt, exitCode: state.exitCode };
}

function linuxUser({ uid, gid, supplementalGroups }: PodContainerView['part']['user']) {
  return { uid: BigInt(uid), gid: BigInt(gid), supplementalGroups: supplementalGroups.map(BigInt) };
}
