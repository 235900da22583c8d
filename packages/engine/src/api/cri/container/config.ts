import { create } from '@bufbuild/protobuf';
import type { PodContainerConfig, PodDevice } from '@berth/model/pod-config';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { badField, required, requiredText, text, texts } from '../field.ts';
import { environment } from './environment.ts';
import { imageChoice } from './image-choice.ts';
import { podMount } from './mount.ts';
import { resources } from './resources.ts';
import { containerSecurity } from './security.ts';
import { stopSignal } from './stop-signal.ts';

/** What is asked of a container, in the model's words. @throws invalid_argument naming the field */
export function containerConfig(given: wire.ContainerConfig | undefined): PodContainerConfig {
  const config = required(given, 'config');
  const linux = config.linux ?? create(wire.LinuxContainerConfigSchema);
  const signal = stopSignal(config.stopSignal, 'config.stop_signal');
  return {
    metadata: containerMetadata(config.metadata),
    image: imageChoice(config.image, 'config.image'),
    ...program(config),
    mounts: config.mounts.map((mount, at) => podMount(mount, `config.mounts[${at}]`)),
    devices: config.devices.map((device, at) => podDevice(device, `config.devices[${at}]`)),
    cdiDevices: config.CDIDevices.map(({ name }, at) => requiredText(name, `config.CDI_devices[${at}].name`)),
    labels: config.labels,
    annotations: config.annotations,
    logPath: text(config.logPath, 'config.log_path'),
    resources: resources(linux.resources, 'config.linux.resources'),
    security: containerSecurity(linux.securityContext, 'config.linux.security_context'),
    ...(signal === undefined ? {} : { stopSignal: signal }),
  };
}

function containerMetadata(given: wire.ContainerMetadata | undefined): PodContainerConfig['metadata'] {
  const { name, attempt } = required(given, 'config.metadata');
  return { name: requiredText(name, 'config.metadata.name'), attempt };
}

/** The first process and its streams. */
function program(config: wire.ContainerConfig) {
  const { stdin, stdinOnce, tty } = config;
  return {
    command: texts(config.command, 'config.command'),
    args: texts(config.args, 'config.args'),
    workingDir: text(config.workingDir, 'config.working_dir'),
    envs: environment(config.envs, 'config.envs'),
    stdin,
    stdinOnce,
    tty,
  };
}

function podDevice({ containerPath, hostPath, permissions }: wire.Device, path: string): PodDevice {
  if (!/^[rwm]*$/.test(permissions))
    throw badField(`${path}.permissions`, `is '${permissions}'`, 'any of r (read), w (write) and m (mknod)');
  return {
    containerPath: requiredText(containerPath, `${path}.container_path`),
    hostPath: requiredText(hostPath, `${path}.host_path`),
    permissions,
  };
}
