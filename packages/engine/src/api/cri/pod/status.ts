import type { MessageInitShape } from '@bufbuild/protobuf';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { PodState, PodView } from '#service/pod/contract';
import { nanoseconds } from '../container/status.ts';
import { EncodedItems } from '../encoded-items.ts';
import { namespaceOption } from './namespaces.ts';

const stateOf: Readonly<Record<PodState, wire.PodSandboxState>> = {
  ready: wire.PodSandboxState.SANDBOX_READY,
  not_ready: wire.PodSandboxState.SANDBOX_NOTREADY,
};

/** What a pod is and where it stands: PodSandboxStatus, events. */
export function podStatus(view: PodView): MessageInitShape<typeof wire.PodSandboxStatusSchema> {
  return {
    ...podItem(view),
    network: addresses(view),
    linux: { namespaces: { options: namespaceOption(view.config.security.namespaces) } },
  };
}

/** A row of a list. */
export function podItem({ id, config, state, createdAt, runtimeHandler }: PodView) {
  return {
    id,
    metadata: config.metadata,
    state: stateOf[state],
    createdAt: nanoseconds(createdAt),
    labels: config.labels,
    annotations: config.annotations,
    runtimeHandler,
  };
}

/** A pod in the host's network has none: its address is the node's, which kubelet knows better. */
function addresses({ network }: PodView): MessageInitShape<typeof wire.PodSandboxNetworkStatusSchema> {
  const [ip = '', ...more] = network?.ips ?? [];
  return { ip, additionalIps: more.map((each) => ({ ip: each })) };
}

const items = new EncodedItems(wire.PodSandboxSchema);

/** A row of a list as bytes, with the view's configuration as its owner: it is the same object between two changes. */
export function encodedPodItem(view: PodView): Uint8Array {
  return items.of(view.config, `${view.id} ${view.state}`, () => podItem(view));
}
