import type { MessageInitShape } from '@bufbuild/protobuf';
import type * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { ContainerUsage, PodUsage } from '#service/pod-stats/contract';
import { cpuUsage, filesystemUsage, interfaceUsage, ioUsage, memoryUsage, swapUsage } from './usage.ts';

export function containerStats(usage: ContainerUsage): MessageInitShape<typeof wire.ContainerStatsSchema> {
  const { container, cpu, memory, swap, io, writableLayer } = usage;
  const { metadata, labels, annotations } = container.part.config;
  return {
    attributes: { id: container.id, metadata, labels, annotations },
    cpu: cpuUsage(cpu),
    memory: memoryUsage(memory),
    writableLayer: filesystemUsage(writableLayer),
    ...(swap === undefined ? {} : { swap: swapUsage(swap) }),
    ...(io === undefined ? {} : { io: ioUsage(io) }),
  };
}

export function podSandboxStats(usage: PodUsage): MessageInitShape<typeof wire.PodSandboxStatsSchema> {
  const { metadata, labels, annotations } = usage.pod.config;
  return { attributes: { id: usage.pod.id, metadata, labels, annotations }, linux: linuxStats(usage) };
}

function linuxStats(usage: PodUsage): MessageInitShape<typeof wire.LinuxPodSandboxStatsSchema> {
  const { cpu, memory, network, processes, io, containers } = usage;
  return {
    cpu: cpuUsage(cpu),
    memory: memoryUsage(memory),
    ...(network === undefined ? {} : { network: networkUsage(network) }),
    process: { timestamp: processes.at, processCount: { value: processes.count } },
    containers: containers.map(containerStats),
    ...(io === undefined ? {} : { io: ioUsage(io) }),
  };
}

function networkUsage({ at, main, others }: NonNullable<PodUsage['network']>) {
  return { timestamp: at, defaultInterface: interfaceUsage(main), interfaces: others.map(interfaceUsage) };
}
