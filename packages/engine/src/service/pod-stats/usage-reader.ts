import type { CallContext } from '@berth/model/context';
import { sampleCgroup, type CgroupSample } from '@berth/runtime/cgroup/sample';
import type { PodContainerView, PodView } from '../pod/contract.ts';
import type { ContainerUsage, PodUsage } from './contract.ts';
import type { CpuRates } from './cpu-rate.ts';
import type { LayerUses } from './layer-use.ts';
import { thisMoment } from './moment.ts';
import { networkUse, podInterfaces } from './network-use.ts';
import { cgroupPlace, podCgroupPath } from './pod-cgroup.ts';
import type { PodStatsParts } from './pod-stats.ts';
import { cgroupUse, type Moment, nothing, sumOf } from './usage.ts';

/** Reads what a pod and its containers use. */
export class UsageReader {
  readonly #parts: Pick<PodStatsParts, 'cgroups' | 'cgroupPathOf'>;
  readonly #rates: CpuRates;
  readonly #layers: LayerUses;

  constructor(parts: Pick<PodStatsParts, 'cgroups' | 'cgroupPathOf'>, rates: CpuRates, layers: LayerUses) {
    this.#parts = parts;
    this.#rates = rates;
    this.#layers = layers;
  }

  async container(context: CallContext, container: PodContainerView, moment: Moment): Promise<ContainerUsage> {
    const sample = this.#ofContainer(container);
    const use = cgroupUse(sample, moment, this.#rates.of(container.id, sample.cpu));
    return { container, ...use, writableLayer: await this.#layers.of(context, container.snapshotKey) };
  }

  /** @param containers those of the pod that have numbers */
  async pod(context: CallContext, pod: PodView, containers: readonly PodContainerView[]): Promise<PodUsage> {
    const moment = thisMoment();
    const { at } = moment;
    const sample = this.#ofPod(pod, containers);
    const { cpu, memory, io } = cgroupUse(sample, moment, this.#rates.of(pod.id, sample.cpu));
    const network = networkUse(podInterfaces(pod), at);
    const usages: ContainerUsage[] = [];
    for (const container of containers) usages.push(await this.container(context, container, moment));
    return {
      pod,
      cpu,
      memory,
      ...(io === undefined ? {} : { io }),
      ...(network === undefined ? {} : { network }),
      processes: { at, count: sample.tasks },
      containers: usages,
    };
  }

  #ofPod(pod: PodView, containers: readonly PodContainerView[]): CgroupSample {
    const path = podCgroupPath(pod.config.cgroupParent);
    const own = path === undefined ? undefined : sampleCgroup(this.#parts.cgroups, path);
    return own ?? sumOf([this.#of(pod.id), ...containers.map((one) => this.#ofContainer(one))]);
  }

  /** A container that does not run may have the cgroup of an earlier attempt to start it: it used nothing. */
  #ofContainer({ id, status }: PodContainerView): CgroupSample {
    return status === 'running' ? this.#of(id) : nothing;
  }

  #of(id: string): CgroupSample {
    const place = cgroupPlace(this.#parts, id);
    return (place === undefined ? undefined : sampleCgroup(place.layout, place.path)) ?? nothing;
  }
}
