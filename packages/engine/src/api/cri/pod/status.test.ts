import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { PodView } from '#service/pod/contract';
import { podView } from '../view-fixture.ts';
import { podStatus } from './status.ts';

/** As a client reads it. */
function status(view: PodView): wire.PodSandboxStatus {
  const schema = wire.PodSandboxStatusSchema;
  return fromBinary(schema, toBinary(schema, create(schema, podStatus(view))));
}

describe('where a pod stands', () => {
  it('the first address is its own, the others are more', () => {
    const { network } = status(podView());
    assert.equal(network?.ip, '10.0.0.2');
    assert.deepEqual(
      network.additionalIps.map(({ ip }) => ip),
      ['fd00::2'],
    );
  });

  it('in the host’s network it has no address', () => {
    const { network } = podView({ netns: '' });
    assert.ok(network);
    assert.equal(status(podView({ netns: '', network: { ips: [] } })).network?.ip, '');
  });

  it('state, handler and time', () => {
    const told = status(podView({ state: 'not_ready' }));
    assert.equal(told.state, wire.PodSandboxState.SANDBOX_NOTREADY);
    assert.equal(told.runtimeHandler, 'fast');
    assert.equal(told.createdAt, 1_700_000_000_001_000_000n);
    assert.deepEqual(told.labels, { app: 'web' });
  });

  it('namespaces are told as they were asked for', () => {
    const view = podView();
    const ranges = [{ hostId: 1, containerId: 0, length: 2 }];
    const user = { mode: 'pod', uids: ranges, gids: ranges } as const;
    const namespaces = { network: 'node', pid: 'container', ipc: 'pod', targetId: '', user } as const;
    const config = { ...view.config, security: { ...view.config.security, namespaces } };
    const options = status({ ...view, config }).linux?.namespaces?.options;
    assert.equal(options?.network, wire.NamespaceMode.NODE);
    assert.equal(options.pid, wire.NamespaceMode.CONTAINER);
    assert.equal(options.usernsOptions?.uids[0]?.length, 2);
  });
});
