import type { PodContainerConfig } from '@berth/model/pod-config';
import type { DeviceRule, DeviceSpec } from '@berth/model/runtime-spec';
import { deviceRules } from '@berth/runtime/defaults/docker';
import { containerDevices, everyDevice } from './host-device.ts';

export interface ContainerDevices {
  readonly devices: readonly DeviceSpec[];
  readonly rules: readonly DeviceRule[];
}

/** A privileged container has every device of the host, and may use all there are. @throws invalid_argument */
export function containerDevicesOf({ devices, security }: PodContainerConfig): ContainerDevices {
  const asked = containerDevices(devices);
  const nodes = asked.map(({ node }) => node);
  if (!security.privileged) return { devices: nodes, rules: [...deviceRules, ...asked.map(({ rule }) => rule)] };
  const own = new Set(nodes.map(({ path }) => path));
  const others = everyDevice().filter(({ path }) => !own.has(path));
  return { devices: [...others, ...nodes], rules: [{ allow: true, access: 'rwm' }] };
}
