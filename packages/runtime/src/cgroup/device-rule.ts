import type { DeviceRule } from '@berth/model/runtime-spec';
import { deviceState, isAll, textOf } from './device-state.ts';
import type { DeviceState } from './device-state.ts';
import type { CgroupWrite } from './limit.ts';

const allow = (type: 'c' | 'b', major: number, minor: number, access = 'rwm'): DeviceRule => ({
  allow: true,
  type,
  major,
  minor,
  access,
});

/**
 * What every container may use whatever its rules say, as runc allows too: making any node (it
 * cannot be opened), the default devices, its own terminals, and /dev/net/tun.
 */
export const alwaysAllowed: readonly DeviceRule[] = [
  allow('c', -1, -1, 'm'),
  allow('b', -1, -1, 'm'),
  allow('c', 1, 3),
  allow('c', 1, 5),
  allow('c', 1, 7),
  allow('c', 1, 8),
  allow('c', 1, 9),
  allow('c', 5, 0),
  allow('c', 5, 1),
  allow('c', 5, 2),
  allow('c', 10, 200),
  allow('c', 136, -1),
];

/** What a container may use: its rules, and behind them what every container may. */
export function containerDevices(rules: readonly DeviceRule[]): DeviceState {
  return deviceState([...rules, ...alwaysAllowed]);
}

/**
 * v1 device rules, kernel Documentation/admin-guide/cgroup-v1/devices.rst: one line a write. What no
 * rule speaks of is denied, as in runc. A container that may use all devices needs nothing more.
 */
export function deviceWrites(folder: string, rules: readonly DeviceRule[]): CgroupWrite[] {
  const state = containerDevices(rules);
  const write = (isAllowed: boolean, data: string): CgroupWrite => ({
    path: `${folder}/${isAllowed ? 'devices.allow' : 'devices.deny'}`,
    data,
    field: 'linux.resources.devices',
  });
  // The default first: it makes the kernel forget all exceptions.
  return [write(state.allow, 'a'), ...state.exceptions.map((one) => write(!state.allow, textOf(one)))];
}

/** Whether the last word of the rules is that everything is allowed, as for privileged containers. */
export function allowsAll(rules: readonly DeviceRule[]): boolean {
  const last = rules.at(-1);
  return last !== undefined && last.allow && isAll(last);
}
