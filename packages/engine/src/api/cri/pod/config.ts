import { isIP } from 'node:net';
import { create } from '@bufbuild/protobuf';
import type { PodConfig, PodMetadata, PortMapping } from '@berth/model/pod-config';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { podResources } from '../container/resources.ts';
import { badField, choice, required, requiredText, text, wholeNumber } from '../field.ts';
import { podSecurity } from './security.ts';

/** What is asked of a pod, in the model's words. @throws invalid_argument naming the field */
export function podConfig(given: wire.PodSandboxConfig | undefined): PodConfig {
  const config = required(given, 'config');
  const linux = config.linux ?? create(wire.LinuxPodSandboxConfigSchema);
  return {
    metadata: podMetadata(config.metadata),
    hostname: hostname(config.hostname),
    logDirectory: text(config.logDirectory, 'config.log_directory'),
    ...(config.dnsConfig === undefined ? {} : { dns: dns(config.dnsConfig) }),
    portMappings: config.portMappings.map((mapping, at) => portMapping(mapping, `config.port_mappings[${at}]`)),
    labels: config.labels,
    annotations: config.annotations,
    cgroupParent: text(linux.cgroupParent, 'config.linux.cgroup_parent'),
    sysctls: linux.sysctls,
    security: podSecurity(linux.securityContext, 'config.linux.security_context'),
    ...podResources(linux, 'config.linux.'),
  };
}

function podMetadata(given: wire.PodSandboxMetadata | undefined): PodMetadata {
  const { name, uid, namespace, attempt } = required(given, 'config.metadata');
  return {
    name: requiredText(name, 'config.metadata.name'),
    uid: text(uid, 'config.metadata.uid'),
    namespace: text(namespace, 'config.metadata.namespace'),
    attempt,
  };
}

/** The kernel keeps 64 bytes, sethostname(2). */
function hostname(name: string): string {
  if (Buffer.byteLength(name) > 64) throw badField('config.hostname', 'has more than 64 bytes');
  return text(name, 'config.hostname');
}

/** Each becomes a word of a line in resolv.conf: a line break would add lines of its own. */
function dns({ servers, searches, options }: wire.DNSConfig): NonNullable<PodConfig['dns']> {
  return {
    servers: servers.map((word, at) => oneLine(word, `config.dns_config.servers[${at}]`)),
    searches: searches.map((word, at) => oneLine(word, `config.dns_config.searches[${at}]`)),
    options: options.map((word, at) => oneLine(word, `config.dns_config.options[${at}]`)),
  };
}

function oneLine(word: string, path: string): string {
  if (/[\n\r\0]/.test(word)) throw badField(path, 'holds a line break or a NUL');
  return word;
}

const protocols = { [wire.Protocol.TCP]: 'tcp', [wire.Protocol.UDP]: 'udp', [wire.Protocol.SCTP]: 'sctp' } as const;

/** The container's port counts only where a port of the host is asked for. */
function portMapping(mapping: wire.PortMapping, path: string): PortMapping {
  const { protocol, containerPort, hostPort, hostIp } = mapping;
  if (hostPort > 0) wholeNumber(containerPort, `${path}.container_port`, { least: 1, most: 65535 });
  wholeNumber(hostPort, `${path}.host_port`, { least: -Infinity, most: 65535 });
  if (hostIp !== '' && isIP(hostIp) === 0)
    throw badField(
      `${path}.host_ip`,
      `is '${hostIp}', which is no address`,
      'an IPv4 or IPv6 address without brackets',
    );
  return { protocol: choice(protocol, protocols, `${path}.protocol`), containerPort, hostPort, hostIp };
}
