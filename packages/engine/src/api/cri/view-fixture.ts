import { create } from '@bufbuild/protobuf';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { PodContainerView, PodView } from '#service/pod/contract';
import { containerConfig } from './container/config.ts';
import { podConfig } from './pod/config.ts';

const imageId = `sha256:${'b'.repeat(64)}`;

/** A pod as the service shows it, for tests of answers. */
export function podView(more: Partial<PodView> = {}): PodView {
  const metadata = { name: 'web', uid: 'u1', namespace: 'shop', attempt: 0 };
  return {
    namespace: 'k8s.io',
    id: 'a'.repeat(64),
    createdAt: 1_700_000_000_001,
    state: 'ready',
    pid: 42,
    config: podConfig(create(wire.PodSandboxConfigSchema, { metadata, labels: { app: 'web' } })),
    runtimeHandler: 'fast',
    phase: 'running',
    netns: '/run/netns/x',
    network: { ips: ['10.0.0.2', 'fd00::2'] },
    ...more,
  };
}

/** One of its containers, which runs. */
export function containerView(more: Partial<PodContainerView> = {}): PodContainerView {
  const config = containerConfig(
    create(wire.ContainerConfigSchema, {
      metadata: { name: 'app', attempt: 2 },
      image: { image: imageId, userSpecifiedImage: 'registry.test/app:1' },
      linux: { resources: { cpuShares: 512n, hugepageLimits: [{ pageSize: '2MB', limit: 0n }] } },
    }),
  );
  const pod = podView();
  return {
    namespace: pod.namespace,
    id: 'c'.repeat(64),
    podId: pod.id,
    podMetadata: pod.config.metadata,
    createdAt: pod.createdAt + 1,
    status: 'running',
    state: {
      status: 'running',
      pid: 43,
      exitCode: 0,
      oomKilled: false,
      error: '',
      startedAt: '1700000000002000003',
      finishedAt: '0',
    },
    reason: '',
    message: '',
    image: config.image,
    stopSignal: 'SIGRTMIN+3',
    pid: 43,
    snapshotKey: 'snapshot',
    part: {
      config,
      imageId,
      imageRef: 'registry.test/app@sha256:1',
      logPath: '/var/log/pods/x/app/0.log',
      mounts: [],
      user: { uid: 1000, gid: 1000, supplementalGroups: [5] },
      resources: config.resources,
      imageVolumes: [],
    },
    ...more,
  };
}
