import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { at, member } from '../finding.ts';
import { owns } from './namespace.ts';
import type { Rule } from './rule.ts';

/** IFNAMSIZ with its final NUL, netdevice(7). */
const longestName = 15;

/** Why a text is no name of a network device, by the kernel's dev_valid_name; undefined when it is one. */
export function interfaceFault(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return `'${name}' is not allowed`;
  if (Buffer.byteLength(name) > longestName) return `'${name}' is longer than ${longestName} bytes`;
  // A % asks the kernel to fill in a number.
  if (/[/:%\s]/.test(name)) return `'${name}' contains one of / : % or a space`;
  return undefined;
}

export const netDeviceRules: readonly Rule<RuntimeSpec>[] = [
  {
    code: 'spec.net_devices_without_network',
    meaning: "`linux.netDevices` is given, but the container has the host's network namespace",
    remedy: 'add {"type": "network"} to linux.namespaces, or remove netDevices',
    *find(spec) {
      const devices = Object.keys(spec.linux.netDevices ?? {});
      if (devices.length > 0 && !owns(spec, 'network')) yield at('linux.netDevices', 'needs a network namespace');
    },
  },
  {
    code: 'spec.net_device_name',
    meaning: 'a key or name in `linux.netDevices` cannot be that of a network device',
    remedy: `use at most ${longestName} bytes without / : % and spaces`,
    *find({ linux: { netDevices = {} } }) {
      for (const [host, { name }] of Object.entries(netDevices)) {
        const path = member('linux.netDevices', host);
        const fault = interfaceFault(host);
        if (fault !== undefined) yield at(path, fault);
        const nameFault = name === undefined ? undefined : interfaceFault(name);
        if (nameFault !== undefined) yield at(`${path}.name`, nameFault);
      }
    },
  },
  {
    code: 'spec.net_device_duplicate',
    meaning: 'two network devices would have the same name in the container, or that of its loopback device',
    remedy: 'give each a name of its own',
    *find({ linux: { netDevices = {} } }) {
      const taken = new Map([['lo', "the container's own loopback device"]]);
      for (const [host, { name }] of Object.entries(netDevices)) {
        const inside = name ?? host;
        const other = taken.get(inside);
        const path = member('linux.netDevices', host);
        if (other !== undefined) yield at(path, `the name ${inside} is already that of ${other}`);
        taken.set(inside, host);
      }
    },
  },
];
