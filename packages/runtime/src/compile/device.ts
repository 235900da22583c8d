import { posix } from 'node:path';
import type { DeviceSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import type { PlanRecord } from '../plan/record.ts';
import { invalid } from './invalid.ts';
import { MS, S_IF } from './kernel-flags.ts';
import type { MountSetting } from './mount-place.ts';
import { inContainer } from './step.ts';

const device = (path: string, major: number, minor: number): DeviceSpec => ({
  path,
  type: 'c',
  major,
  minor,
});

/** What every container has, runtime-spec config-linux.md "Default Devices". */
export const defaultDevices: readonly DeviceSpec[] = [
  device('/dev/null', 1, 3),
  device('/dev/zero', 1, 5),
  device('/dev/full', 1, 7),
  device('/dev/random', 1, 8),
  device('/dev/urandom', 1, 9),
  device('/dev/tty', 5, 0),
];

/** Default links; /dev/core is what runc adds where the kernel has /proc/kcore, dangling or not. */
const links: readonly (readonly [string, string])[] = [
  ['/proc/self/fd', '/dev/fd'],
  ['/proc/self/fd/0', '/dev/stdin'],
  ['/proc/self/fd/1', '/dev/stdout'],
  ['/proc/self/fd/2', '/dev/stderr'],
  ['/proc/kcore', '/dev/core'],
  ['pts/ptmx', '/dev/ptmx'],
];

const typeBits = { c: S_IF.S_IFCHR, u: S_IF.S_IFCHR, b: S_IF.S_IFBLK, p: S_IF.S_IFIFO } as const;

/**
 * Devices and links. A /dev that is bound from somewhere is somebody else's: nothing is made in it,
 * as the spec of runc's users expects (privileged containers with the host's /dev). Nobody can make a device in a user
 * namespace: there the host's own ones are bound, and keep their owner and mode, as in runc.
 */
export function deviceRecords(setting: MountSetting): PlanRecord[] {
  const { spec } = setting;
  if (spec.mounts.some(isBoundDev)) return [];
  const own = spec.linux.devices ?? [];
  own.forEach(check);
  const replaced = new Set(own.map(({ path }) => posix.normalize(path)));
  const defaults = defaultDevices.filter(({ path }) => !replaced.has(path));
  const binds = setting.user !== undefined || Boolean(setting.facts.inUserNamespace);
  return [
    ...[...defaults, ...own].map((one) => (binds && one.type !== 'p' ? bindDevice(one, setting) : mknod(one))),
    ...links
      .filter(([, path]) => !replaced.has(path))
      .map(([target, path]) => inContainer('symlink', { target, path })),
  ];
}

function bindDevice({ path }: DeviceSpec, { trees }: MountSetting): PlanRecord {
  const plain = { recursive: 0, set: 0, clear: 0, propagation: MS.MS_PRIVATE, recursiveAttributes: 0 };
  return trees.bind({ ...plain, source: path, target: path, path: 'linux.devices' });
}

function mknod(one: DeviceSpec): PlanRecord {
  return inContainer('mknod', {
    mode: ((one.fileMode ?? 0o666) & 0o7777) | typeBits[one.type],
    major: one.major ?? 0,
    minor: one.minor ?? 0,
    uid: one.uid ?? 0,
    gid: one.gid ?? 0,
    path: one.path,
  });
}

function check(one: DeviceSpec, index: number): void {
  const path = `linux.devices[${index}]`;
  if (!Object.hasOwn(typeBits, one.type)) throw invalid(`${path}.type`, `unknown type ${one.type}`);
  if (!posix.isAbsolute(one.path)) throw invalid(`${path}.path`, `not absolute: ${one.path}`);
  if (one.type === 'p') return;
  for (const field of ['major', 'minor'] as const) {
    const value = one[field];
    if (value === undefined || !Number.isInteger(value) || value < 0) {
      throw invalid(`${path}.${field}`, `a device needs a ${field} number`);
    }
  }
}

function isBoundDev(mount: RuntimeSpec['mounts'][number]): boolean {
  const isBind = mount.type === 'bind' || (mount.options ?? []).some((o) => o === 'bind' || o === 'rbind');
  return isBind && posix.normalize(mount.destination).replace(/\/$/, '') === '/dev';
}
