import type { CallContext } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import type { CgroupLayout } from '@berth/runtime/cgroup/layout';
import type { SnapshotStore } from '#store/snapshot';
import type {
  PodContainerFilter,
  PodContainerService,
  PodContainerView,
  PodFilter,
  PodService,
  PodView,
} from '../pod/contract.ts';
import type { ContainerUsage, PodMetrics, PodStats, PodUsage } from './contract.ts';
import { CpuRates } from './cpu-rate.ts';
import { inSlices } from './in-slices.ts';
import { LayerUses } from './layer-use.ts';
import { metricDescriptors } from './metric/descriptors.ts';
import { fileSystemOf } from './metric/file-system-facts.ts';
import { podMetrics } from './metric/pod-metrics.ts';
import { thisMoment } from './moment.ts';
import { UsageReader } from './usage-reader.ts';

/** What statistics are made from. */
export interface PodStatsParts {
  readonly pods: Pick<PodService, 'inspect' | 'list'>;
  readonly containers: Pick<PodContainerService, 'inspect' | 'list'>;
  readonly cgroups: CgroupLayout;
  /** A container's `linux.cgroupsPath`; a sandbox's process has its pod's id. */
  readonly cgroupPathOf: (id: string) => string | undefined;
  readonly snapshots: Pick<SnapshotStore, 'usage'>;
  /** What ImageFsInfo calls the file system of the writable layers: kubelet compares the two. */
  readonly mountpoint: string;
}

export function createPodStats(parts: PodStatsParts): PodStats {
  return new CgroupPodStats(parts);
}

/** All from the kernel's files at the time of the call: nothing runs between calls. */
class CgroupPodStats implements PodStats {
  readonly #parts: PodStatsParts;
  readonly #rates = new CpuRates();
  readonly #layers: LayerUses;
  readonly #reader: UsageReader;

  constructor(parts: PodStatsParts) {
    this.#parts = parts;
    this.#layers = new LayerUses(parts.snapshots, parts.mountpoint);
    this.#reader = new UsageReader(parts, this.#rates, this.#layers);
  }

  async container(context: CallContext, ref: string): Promise<ContainerUsage> {
    const container = this.#parts.containers.inspect(context, ref);
    if (!hasNumbers(container)) throw ended('container', container.id);
    return await this.#reader.container(context, container, thisMoment());
  }

  async containers(context: CallContext, filter: PodContainerFilter = {}): Promise<readonly ContainerUsage[]> {
    const containers = this.#parts.containers.list(context, filter).filter(hasNumbers);
    return await inSlices(containers, context.signal, (one) => this.#reader.container(context, one, thisMoment()));
  }

  async pod(context: CallContext, ref: string): Promise<PodUsage> {
    const pod = this.#parts.pods.inspect(context, ref);
    if (pod.state !== 'ready') throw ended('pod', pod.id);
    return await this.#reader.pod(context, pod, this.#containersOf(context, { podId: pod.id }).get(pod.id) ?? []);
  }

  async pods(context: CallContext, filter: PodFilter = {}): Promise<readonly PodUsage[]> {
    const pods = this.#parts.pods.list(context, { ...filter, state: 'ready' });
    const containers = this.#containersOf(context, {});
    if (Object.keys(filter).length === 0) this.#forgetOthers(pods, [...containers.values()].flat());
    return await inSlices(pods, context.signal, (pod) => this.#reader.pod(context, pod, containers.get(pod.id) ?? []));
  }

  metricDescriptors(): typeof metricDescriptors {
    return metricDescriptors;
  }

  async metrics(context: CallContext): Promise<readonly PodMetrics[]> {
    const pods = this.#parts.pods.list(context, { state: 'ready' });
    const containers = this.#containersOf(context, {});
    this.#forgetOthers(pods, [...containers.values()].flat());
    const parts = { ...this.#parts, fileSystem: fileSystemOf(this.#parts.mountpoint) };
    return await inSlices(pods, context.signal, async (pod) => {
      const usage = await this.#reader.pod(context, pod, containers.get(pod.id) ?? []);
      return await podMetrics(parts, usage);
    });
  }

  #containersOf(context: CallContext, filter: PodContainerFilter): Map<string, PodContainerView[]> {
    return Map.groupBy(this.#parts.containers.list(context, filter).filter(hasNumbers), ({ podId }) => podId);
  }

  /** What is kept between calls is kept of what is still there. */
  #forgetOthers(pods: readonly PodView[], containers: readonly PodContainerView[]): void {
    this.#rates.keep(new Set([...pods, ...containers].map(({ id }) => id)));
    this.#layers.keep(new Set(containers.map(({ snapshotKey }) => snapshotKey)));
  }
}

function hasNumbers({ status }: PodContainerView): boolean {
  return status === 'created' || status === 'running';
}

function ended(what: 'container' | 'pod', id: string): BerthError {
  return new BerthError('failed_precondition', `${what} ${id} does not run: it has no statistics`, {
    code: what === 'pod' ? 'pod_not_ready' : 'not_running',
  });
}
