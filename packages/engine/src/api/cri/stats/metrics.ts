import type { MessageInitShape } from '@bufbuild/protobuf';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { Metric, MetricDescriptor, PodMetrics } from '#service/pod-stats/contract';

const typeOf: Readonly<Record<Metric['type'], wire.MetricType>> = {
  counter: wire.MetricType.COUNTER,
  gauge: wire.MetricType.GAUGE,
};

export function metricDescriptor(descriptor: MetricDescriptor): MessageInitShape<typeof wire.MetricDescriptorSchema> {
  return { ...descriptor, labelKeys: [...descriptor.labelKeys] };
}

export function podSandboxMetrics(pod: PodMetrics): MessageInitShape<typeof wire.PodSandboxMetricsSchema> {
  return {
    podSandboxId: pod.podId,
    metrics: pod.metrics.map(metric),
    containerMetrics: pod.containers.map(({ containerId, metrics }) => ({ containerId, metrics: metrics.map(metric) })),
  };
}

function metric({ name, at, type, labelValues, value }: Metric): MessageInitShape<typeof wire.MetricSchema> {
  return { name, timestamp: at, metricType: typeOf[type], labelValues: [...labelValues], value: { value } };
}
