import { ContainerCgroup } from '@berth/runtime/cgroup/container-cgroup';
import type { CgroupPlace } from '@berth/runtime/cgroup/place';
import type { PodContainerView } from '../../pod/contract.ts';
import type { ContainerUsage, Metric, PodMetrics, PodUsage } from '../contract.ts';
import { now } from '../layer-use.ts';
import { podInterfaces } from '../network-use.ts';
import { cgroupPlace, podCgroupPath } from '../pod-cgroup.ts';
import type { PodStatsParts } from '../pod-stats.ts';
import { definitions } from './descriptors.ts';
import { type MetricFacts, secondsOf } from './definition.ts';
import { deviceNames, type fileSystemOf } from './file-system-facts.ts';
import { processFacts } from './process-facts.ts';

export interface MetricParts extends Pick<PodStatsParts, 'cgroups' | 'cgroupPathOf'> {
  /** That of the containers' layers. */
  readonly fileSystem: ReturnType<typeof fileSystemOf>;
}

const deviceName = deviceNames();

/** All metrics of a pod and of those of its containers that run. */
export async function podMetrics(parts: MetricParts, { pod, containers }: PodUsage): Promise<PodMetrics> {
  const { name, namespace } = pod.config.metadata;
  const own = podCgroupPath(pod.config.cgroupParent);
  const place = own === undefined ? cgroupPlace(parts, pod.id) : { layout: parts.cgroups, path: own };
  const facts = { ...(await cgroupFacts(cgroupAt(parts, place))), interfaces: podInterfaces(pod) };
  const found: { containerId: string; metrics: readonly Metric[] }[] = [];
  for (const usage of containers) {
    if (usage.container.status === 'running') found.push(await ofContainer(parts, usage));
  }
  return { podId: pod.id, metrics: metricsOf(facts, [pod.id, name, '', namespace, name, 'POD']), containers: found };
}

async function ofContainer(parts: MetricParts, usage: ContainerUsage): Promise<PodMetrics['containers'][number]> {
  const { container } = usage;
  const { podMetadata, part } = container;
  const cgroup = cgroupAt(parts, cgroupPlace(parts, container.id));
  const facts: MetricFacts = {
    ...(await cgroupFacts(cgroup)),
    resources: part.resources,
    startedAt: secondsOf(BigInt(container.state.startedAt)),
    processes: processFacts(await pidsOf(cgroup, container), container.pid),
    fileSystem: { ...parts.fileSystem, usage: usage.writableLayer.bytes },
  };
  const { name } = part.config.metadata;
  const labels = [container.id, name, part.imageRef, podMetadata.namespace, podMetadata.name, name];
  return { containerId: container.id, metrics: metricsOf(facts, labels) };
}

/** One that is not there has zeros. */
function cgroupAt({ cgroups }: MetricParts, place: Pick<CgroupPlace, 'layout' | 'path'> | undefined): ContainerCgroup {
  return new ContainerCgroup(place?.layout ?? cgroups, place?.path ?? '/berth/none');
}

async function cgroupFacts(cgroup: ContainerCgroup): Promise<MetricFacts> {
  return {
    stats: await cgroup.coreStats(),
    oomKills: BigInt(await cgroup.oomKills()),
    interfaces: [],
    seenAt: secondsOf(now()),
    deviceName,
  };
}

async function pidsOf(cgroup: ContainerCgroup, { pid }: PodContainerView): Promise<number[]> {
  const pids = await cgroup.pids();
  return pids.length === 0 && pid !== 0 ? [pid] : pids;
}

function metricsOf(facts: MetricFacts, base: readonly string[]): Metric[] {
  const at = now();
  return definitions.flatMap(({ name, type, values }) =>
    values(facts).map(({ value, labels = [] }) => ({ name, at, type, labelValues: [...base, ...labels], value })),
  );
}
