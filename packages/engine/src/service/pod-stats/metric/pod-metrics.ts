import { ContainerCgroup } from '@berth/runtime/cgroup/container-cgroup';
import type { PodContainerView } from '../../pod/contract.ts';
import type { ContainerUsage, Metric, PodMetrics, PodUsage } from '../contract.ts';
import { now } from '../layer-use.ts';
import { podInterfaces } from '../network-use.ts';
import { podCgroupPath } from '../pod-cgroup.ts';
import type { PodStatsParts } from '../pod-stats.ts';
import { definitions } from './descriptors.ts';
import { type MetricFacts, secondsOf } from './definition.ts';
import { deviceNames, fileSystemOf } from './file-system-facts.ts';
import { processFacts } from './process-facts.ts';

type Parts = Pick<PodStatsParts, 'cgroups' | 'cgroupPathOf' | 'mountpoint'>;

const deviceName = deviceNames();

/** All metrics of a pod and of those of its containers that run. */
export async function podMetrics(parts: Parts, { pod, containers }: PodUsage): Promise<PodMetrics> {
  const { name, namespace } = pod.config.metadata;
  const path = podCgroupPath(pod.config.cgroupParent) ?? parts.cgroupPathOf(pod.id);
  const facts = { ...(await cgroupFacts(parts, path)), interfaces: podInterfaces(pod) };
  const found: { containerId: string; metrics: readonly Metric[] }[] = [];
  for (const usage of containers) {
    if (usage.container.status === 'running') found.push(await ofContainer(parts, usage));
  }
  return { podId: pod.id, metrics: metricsOf(facts, [pod.id, name, '', namespace, name, 'POD']), containers: found };
}

async function ofContainer(parts: Parts, usage: ContainerUsage): Promise<PodMetrics['containers'][number]> {
  const { container } = usage;
  const { podMetadata, part } = container;
  const path = parts.cgroupPathOf(container.id);
  const facts: MetricFacts = {
    ...(await cgroupFacts(parts, path)),
    resources: part.resources,
    startedAt: secondsOf(BigInt(container.state.startedAt)),
    processes: processFacts(await pidsOf(parts, path, container), container.pid),
    fileSystem: { ...fileSystemOf(parts.mountpoint), usage: usage.writableLayer.bytes },
  };
  const { name } = part.config.metadata;
  const labels = [container.id, name, part.imageRef, podMetadata.namespace, podMetadata.name, name];
  return { containerId: container.id, metrics: metricsOf(facts, labels) };
}

async function cgroupFacts({ cgroups }: Parts, path: string | undefined): Promise<MetricFacts> {
  // A cgroup that is not there has zeros.
  const cgroup = new ContainerCgroup(cgroups, path ?? '/berth/none');
  return {
    stats: await cgroup.eventStats(),
    oomKills: BigInt(await cgroup.oomKills()),
    interfaces: [],
    seenAt: BigInt(Math.floor(Date.now() / 1000)),
    deviceName,
  };
}

async function pidsOf({ cgroups }: Parts, path: string | undefined, { pid }: PodContainerView): Promise<number[]> {
  const pids = path === undefined ? [] : await new ContainerCgroup(cgroups, path).pids();
  return pids.length === 0 && pid !== 0 ? [pid] : pids;
}

function metricsOf(facts: MetricFacts, base: readonly string[]): Metric[] {
  const at = now();
  return definitions.flatMap(({ name, type, values }) =>
    values(facts).map(({ value, labels = [] }) => ({ name, at, type, labelValues: [...base, ...labels], value })),
  );
}
