import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ContainerSecurity, PodContainerConfig } from '@berth/model/pod-config';
import type * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { podSecurityMessage } from '../pod/security-message.ts';
import { imageSpec } from './image-choice.ts';
import { mountMessage } from './mount.ts';
import { resourcesMessage } from './resources.ts';
import { stopSignalMessage } from './stop-signal.ts';

/** The way back from `containerConfig`, for those who want to see with what a container was made. */
export function containerConfigMessage(
  config: PodContainerConfig,
): MessageInitShape<typeof wire.ContainerConfigSchema> {
  const { metadata, workingDir, labels, annotations, logPath, stdin, stdinOnce, tty, stopSignal } = config;
  return {
    metadata,
    image: imageSpec(config.image),
    command: [...config.command],
    args: [...config.args],
    workingDir,
    envs: config.envs.map(({ key, value }) => ({ key, value: Buffer.from(value) })),
    mounts: config.mounts.map(mountMessage),
    devices: [...config.devices],
    CDIDevices: config.cdiDevices.map((name) => ({ name })),
    labels,
    annotations,
    logPath,
    stdin,
    stdinOnce,
    tty,
    linux: { resources: resourcesMessage(config.resources), securityContext: securityMessage(config.security) },
    ...(stopSignal === undefined ? {} : { stopSignal: stopSignalMessage(stopSignal) }),
  };
}

function securityMessage(security: ContainerSecurity) {
  const { addCapabilities, dropCapabilities, addAmbientCapabilities } = security;
  const capabilities = {
    addCapabilities: [...addCapabilities],
    dropCapabilities: [...dropCapabilities],
    addAmbientCapabilities: [...addAmbientCapabilities],
  };
  const hasCapabilities = Object.values(capabilities).some((list) => list.length > 0);
  return {
    ...podSecurityMessage(security),
    ...(hasCapabilities ? { capabilities } : {}),
    runAsUsername: security.runAsUsername,
    noNewPrivs: security.noNewPrivileges,
    maskedPaths: [...security.maskedPaths],
    readonlyPaths: [...security.readonlyPaths],
  };
}
