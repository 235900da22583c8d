import { posix } from 'node:path';
import type { DeviceSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { at } from '../finding.ts';
import type { Rule } from './rule.ts';

/** The kernel's dev_t has 12 and 20 bits, makedev(3). */
const most = { major: 0xfff, minor: 0xf_ffff } as const;

function* devices({ linux }: RuntimeSpec): Generator<{ path: string; device: DeviceSpec; index: number }> {
  for (const [index, device] of (linux.devices ?? []).entries())
    yield { path: `linux.devices[${index}]`, device, index };
}

export const deviceRules: readonly Rule<RuntimeSpec>[] = [
  {
    code: 'spec.device_path_relative',
    meaning: 'the path of a device is not absolute',
    remedy: 'write the path from the root of the container, such as /dev/fuse',
    *find(spec) {
      for (const { path, device } of devices(spec)) {
        if (!posix.isAbsolute(device.path)) yield at(`${path}.path`, `not absolute: '${device.path}'`);
      }
    },
  },
  {
    code: 'spec.device_number_missing',
    meaning: 'a character or block device has no major or no minor number',
    remedy: 'give both; ls -l shows them, separated by a comma',
    *find(spec) {
      for (const { path, device } of devices(spec)) {
        if (device.type === 'p') continue;
        for (const part of ['major', 'minor'] as const) {
          if (device[part] === undefined) yield at(`${path}.${part}`, `a device needs a ${part} number`);
        }
      }
    },
  },
  {
    code: 'spec.device_number_range',
    meaning: 'the major or minor number of a device is not one that the kernel has',
    remedy: `major numbers go from 0 to ${most.major}, minor numbers from 0 to ${most.minor}`,
    *find(spec) {
      for (const { path, device } of devices(spec)) {
        for (const part of ['major', 'minor'] as const) {
          const value = device[part] ?? 0;
          if (value < 0 || value > most[part]) yield at(`${path}.${part}`, `${value} is no ${part} number`);
        }
      }
    },
  },
  {
    code: 'spec.device_duplicate',
    level: 'warning',
    meaning: 'two devices have the same path',
    remedy: 'keep one of them',
    *find(spec) {
      const paths = (spec.linux.devices ?? []).map((device) => posix.normalize(device.path));
      for (const { path, device, index } of devices(spec)) {
        const first = paths.indexOf(posix.normalize(device.path));
        if (first < index) yield at(`${path}.path`, `${device.path} is already devices[${first}]`);
      }
    },
  },
  {
    code: 'spec.device_mode_bits',
    level: 'warning',
    meaning: '`fileMode` of a device has the set-id or sticky bits',
    remedy: 'give the permissions alone, at most 511 (0777)',
    *find(spec) {
      for (const { path, device } of devices(spec)) {
        if ((device.fileMode ?? 0) > 0o777)
          yield at(`${path}.fileMode`, 'has set-id or sticky bits, which mean nothing for a device');
      }
    },
  },
];
