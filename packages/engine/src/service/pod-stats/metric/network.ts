import type { NetworkInterface } from '@berth/runtime/cgroup/event-stats';
import type { MetricDefinition } from './definition.ts';

function ofInterfaces(name: string, help: string, value: (one: NetworkInterface) => bigint): MetricDefinition {
  return {
    name: `container_network_${name}_total`,
    help: `Cumulative count of ${help}.`,
    type: 'counter',
    labels: ['interface'],
    values: ({ interfaces }) => interfaces.map((one) => ({ value: value(one), labels: [one.Name] })),
  };
}

export const networkMetrics: readonly MetricDefinition[] = [
  ofInterfaces('receive_bytes', 'bytes received', ({ RxBytes }) => RxBytes),
  ofInterfaces('receive_packets', 'packets received', ({ RxPackets }) => RxPackets),
  ofInterfaces('receive_packets_dropped', 'packets dropped while receiving', ({ RxDropped }) => RxDropped),
  ofInterfaces('receive_errors', 'errors encountered while receiving', ({ RxErrors }) => RxErrors),
  ofInterfaces('transmit_bytes', 'bytes transmitted', ({ TxBytes }) => TxBytes),
  ofInterfaces('transmit_packets', 'packets transmitted', ({ TxPackets }) => TxPackets),
  ofInterfaces('transmit_packets_dropped', 'packets dropped while transmitting', ({ TxDropped }) => TxDropped),
  ofInterfaces('transmit_errors', 'errors encountered while transmitting', ({ TxErrors }) => TxErrors),
];
