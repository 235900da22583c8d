import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { PodContainerView } from '#service/pod/contract';
import { containerView } from '../view-fixture.ts';
import { containerItem, containerStatus } from './status.ts';

/** As a client reads it. */
function answer(view: PodContainerView): wire.ContainerStatus {
  const schema = wire.ContainerStatusSchema;
  return fromBinary(schema, toBinary(schema, create(schema, containerStatus(view))));
}

const ended = (more: Partial<PodContainerView['state']>, status: 'exited' | 'unknown' = 'exited') =>
  containerView({ status, state: { ...containerView().state, status: 'exited', ...more } });

describe('where a container stands', () => {
  it('ids of the image: its own in both places, its repository’s in the third, and the name that people wrote', () => {
    const view = containerView();
    const told = answer(view);
    assert.equal(told.imageId, view.part.imageId);
    assert.equal(told.imageRef, 'registry.test/app@sha256:1');
    assert.equal(told.image?.image, 'registry.test/app:1');
    const item = containerItem(view);
    assert.equal(item.imageId, view.part.imageId);
    assert.equal(item.imageRef, view.part.imageId);
  });

  it('times: none but that of its making, then its start, then its end', () => {
    const created = answer(containerView({ status: 'created' }));
    assert.deepEqual([created.createdAt > 0n, created.startedAt, created.finishedAt], [true, 0n, 0n]);
    const running = answer(containerView());
    assert.deepEqual([running.startedAt, running.finishedAt], [1_700_000_000_002_000_003n, 0n]);
    const exited = answer(ended({ finishedAt: '1700000000003000000', exitCode: 137 }));
    assert.deepEqual([exited.finishedAt, exited.exitCode], [1_700_000_000_003_000_000n, 137]);
    assert.equal(exited.state, wire.ContainerState.CONTAINER_EXITED);
  });

  it('one whose start failed has a start, not 1970', () => {
    const told = answer(ended({ startedAt: '0', finishedAt: '1700000000003000000', exitCode: 128 }));
    assert.equal(told.startedAt, told.finishedAt);
  });

  it('an unknown one is told as that, with both times', () => {
    const told = answer(ended({ finishedAt: '1700000000003000000', exitCode: 255 }, 'unknown'));
    assert.equal(told.state, wire.ContainerState.CONTAINER_UNKNOWN);
    assert.ok(told.startedAt > 0n && told.finishedAt > 0n);
  });

  it('resources, user and signal come back as they were asked for', () => {
    const told = answer(containerView());
    assert.equal(told.resources?.linux?.cpuShares, 512n);
    assert.deepEqual(
      told.resources?.linux?.hugepageLimits.map(({ pageSize }) => pageSize),
      ['2MB'],
    );
    assert.deepEqual(told.user?.linux?.supplementalGroups, [5n]);
    assert.equal(told.stopSignal, wire.Signal.SIGRTMINPLUS3);
  });

  it('an image volume is told with its digest', () => {
    const { part } = containerView();
    const mount = {
      containerPath: '/model',
      hostPath: '',
      readonly: true,
      recursiveReadonly: false,
      selinuxRelabel: false,
      propagation: 'private',
      uidMappings: [],
      gidMappings: [],
      image: { ...part.config.image, image: 'model:1' },
      imageSubPath: 'a',
      imageDigest: 'sha256:1',
    } as const;
    const [told] = answer(containerView({ part: { ...part, mounts: [mount] } })).mounts;
    assert.deepEqual([told?.image?.image, told?.image?.imageRef, told?.imageSubPath], ['model:1', 'sha256:1', 'a']);
  });
});
