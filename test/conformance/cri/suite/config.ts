import type { DescMessage, Message, MessageInitShape } from '@bufbuild/protobuf';
import type {
  ContainerConfigSchema,
  LinuxContainerSecurityContextSchema,
  LinuxPodSandboxConfigSchema,
  LinuxSandboxSecurityContextSchema,
  NamespaceOptionSchema,
  PodSandboxConfigSchema,
} from '@berth/wire/gen/cri/v1/api_pb';

/** A message as a literal. */
export type Init<S extends DescMessage> = Exclude<MessageInitShape<S>, Message>;

export type PodConfig = Init<typeof PodSandboxConfigSchema>;
export type ContainerConfig = Init<typeof ContainerConfigSchema>;
export type ContainerSecurity = Init<typeof LinuxContainerSecurityContextSchema>;

/** What is other than usual in a pod: parts of `linux` lie beside it, because it is their merge. */
export interface PodChange extends Omit<PodConfig, 'linux'> {
  readonly linux?: Init<typeof LinuxPodSandboxConfigSchema>;
  readonly security?: Init<typeof LinuxSandboxSecurityContextSchema>;
  readonly namespaces?: Init<typeof NamespaceOptionSchema>;
}

/** A container with this security context. */
export function secured(securityContext: ContainerSecurity): ContainerConfig {
  return { linux: { securityContext } };
}
