import type { DeviceRule } from '@berth/model/runtime-spec';
import { invalid } from '../compile/invalid.ts';
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
  allow('c', 5, 2),
  allow('c', 10, 200),
  allow('c', 136, -1),
];

const denyAll: DeviceRule = { allow: false };

/**
 * v1 device rules, kernel Documentation/admin-guide/cgroup-v1/devices.rst: one line a write. What no
 * rule speaks of is denied, as in runc. A container that may use all devices needs nothing more.
 */
export function deviceWrites(folder: string, rules: readonly DeviceRule[]): CgroupWrite[] {
  const open = allowsAll(rules);
  const start = rules[0] !== undefined && isAll(rules[0]) ? [] : [denyAll];
  const writes = [...start, ...rules, ...(open ? [] : alwaysAllowed)].map((rule, index) => ({
    path: `${folder}/${rule.allow ? 'devices.allow' : 'devices.deny'}`,
    data: ruleLine(rule, index - start.length),
  }));
  // Nothing runs in the cgroup yet: of two equal lines the last one alone decides.
  return [...new Map(writes.toReversed().map((write) => [write.path + write.data, write])).values()].toReversed();
}

/** Whether the last word of the rules is that everything is allowed, as for privileged containers. */
export function allowsAll(rules: readonly DeviceRule[]): boolean {
  const last = rules.at(-1);
  return last !== undefined && last.allow && isAll(last);
}

function ruleLine(rule: DeviceRule, index: number): string {
  const access = rule.access || 'rwm';
  if (!/^[rwm]+$/.test(access)) {
    throw invalid(`linux.resources.devices[${index}].access`, `not letters of rwm: ${access}`);
  }
  if (isAll(rule)) return 'a';
  return `${rule.type} ${number(rule.major)}:${number(rule.minor)} ${access}`;
}

/** No type, or type a: the kernel ignores numbers and access then and flips the whole default. */
function isAll({ type }: DeviceRule): boolean {
  return type === undefined || type === 'a';
}

function number(value: number | undefined): string {
  return value === undefined || value < 0 ? '*' : String(value);
}
