import type { MessageInitShape } from '@bufbuild/protobuf';
import type { PodConfig, PortMapping } from '@berth/model/pod-config';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { resourcesMessage } from '../container/resources.ts';
import { podSecurityMessage } from './security-message.ts';

/** The way back from `podConfig`, for those who want to see with what a pod was made. */
export function podConfigMessage(config: PodConfig): MessageInitShape<typeof wire.PodSandboxConfigSchema> {
  const { metadata, hostname, logDirectory, dns, portMappings, labels, annotations } = config;
  const { cgroupParent, sysctls, security, overhead, resources } = config;
  return {
    metadata,
    hostname,
    logDirectory,
    ...(dns === undefined
      ? {}
      : { dnsConfig: { servers: [...dns.servers], searches: [...dns.searches], options: [...dns.options] } }),
    portMappings: portMappings.map(portMappingMessage),
    labels,
    annotations,
    linux: {
      cgroupParent,
      sysctls,
      securityContext: podSecurityMessage(security),
      ...(overhead === undefined ? {} : { overhead: resourcesMessage(overhead) }),
      ...(resources === undefined ? {} : { resources: resourcesMessage(resources) }),
    },
  };
}

const protocolOf: Readonly<Record<PortMapping['protocol'], wire.Protocol>> = {
  tcp: wire.Protocol.TCP,
  udp: wire.Protocol.UDP,
  sctp: wire.Protocol.SCTP,
};

function portMappingMessage({ protocol, ...mapping }: PortMapping) {
  return { ...mapping, protocol: protocolOf[protocol] };
}
