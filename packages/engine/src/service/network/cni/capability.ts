import { BerthError } from '@berth/model/error';
import type { PodAttachment } from '../contract.ts';
import type { AddressRange } from '@berth/model/address-range';
import { bitsPerSecond } from './bandwidth.ts';

/** What plugins can ask for by `capabilities` (CNI CONVENTIONS.md), by name. */
export type Capabilities = Readonly<Record<string, unknown>>;

/**
 * Annotations that choose a pod's addresses, with commas between, and its hardware address. They count only where the
 * network's configuration has the capability `ips` or `mac`: the operator decides whether users may.
 */
export const ipsAnnotation = 'berth.dev/network-ips';
export const macAnnotation = 'berth.dev/network-mac';

/** containerd's name for it. */
const podAnnotations = 'io.kubernetes.cri.pod-annotations';

/** As containerd has it: any burst that a token bucket can count. */
const longestBurst = 2 ** 32 - 1;

/** @throws invalid_argument naming the annotation */
export function capabilitiesOf(attachment: PodAttachment, ranges: readonly AddressRange[]): Capabilities {
  const { annotations, cgroupParent, dns } = attachment;
  const ips = annotations[ipsAnnotation];
  const mac = annotations[macAnnotation];
  const bandwidth = bandwidthOf(annotations);
  const ports = attachment.portMappings.filter(({ hostPort }) => hostPort > 0);
  return {
    ...(ports.length === 0 ? {} : { portMappings: ports.map(portMapping) }),
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(dns === undefined ? {} : { dns }),
    ...(ips === undefined ? {} : { ips: ips.split(',').map((ip) => ip.trim()) }),
    ...(mac === undefined ? {} : { mac }),
    ...(cgroupParent === '' ? {} : { cgroupPath: cgroupParent }),
    // A list for each family, with the ranges to take addresses from.
    ...(ranges.length === 0 ? {} : { ipRanges: ranges.map(({ text }) => [{ subnet: text }]) }),
    [podAnnotations]: annotations,
  };
}

function portMapping({ hostPort, containerPort, protocol, hostIp }: PodAttachment['portMappings'][number]) {
  return { hostPort, containerPort, protocol, ...(hostIp === '' ? {} : { hostIP: hostIp }) };
}

function bandwidthOf(annotations: PodAttachment['annotations']) {
  const ingress = rate(annotations, 'kubernetes.io/ingress-bandwidth');
  const egress = rate(annotations, 'kubernetes.io/egress-bandwidth');
  if (ingress === undefined && egress === undefined) return undefined;
  return {
    ...(ingress === undefined ? {} : { ingressRate: ingress, ingressBurst: longestBurst }),
    ...(egress === undefined ? {} : { egressRate: egress, egressBurst: longestBurst }),
  };
}

function rate(annotations: PodAttachment['annotations'], name: string): number | undefined {
  const text = annotations[name];
  if (text === undefined) return undefined;
  const value = bitsPerSecond(text);
  if (value !== undefined) return value;
  throw new BerthError('invalid_argument', `annotation ${name}: '${text}' is not a bandwidth from 1k to 1P`, {
    code: 'bad_annotation',
    hint: 'bits per second as a Kubernetes quantity, such as 10M',
  });
}
