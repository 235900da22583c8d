import { BerthError, errnoName } from '@berth/model/error';
import type { DeviceSpec, HooksSpec, LinuxSpec, MountSpec, ProcessSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { deviceNode } from '../../../container/host-devices.ts';
import { deviceRule } from '../host-device.ts';
import { byDepth } from '../mount-order.ts';
import type { FoundDevice } from './find-device.ts';
import type { CdiDeviceNode, CdiEdits, CdiMount } from './spec-file.ts';

/** The spec with the devices in it: what a file says once for all of its devices, then what each device says. */
export function withCdiDevices(spec: RuntimeSpec, devices: readonly FoundDevice[]): RuntimeSpec {
  const files = [...new Set(devices.map(({ file }) => file))];
  const edits = [...files, ...devices.map(({ device }) => device)].map(({ containerEdits }) => containerEdits);
  return edits.reduce(withEdits, spec);
}

function withEdits(spec: RuntimeSpec, edits: CdiEdits): RuntimeSpec {
  const hooks = hooksOf(spec.hooks, edits);
  return {
    ...spec,
    process: processOf(spec.process, edits),
    mounts: mountsOf(spec.mounts, edits.mounts ?? []),
    ...(hooks === undefined ? {} : { hooks }),
    linux: linuxOf(spec, edits),
  };
}

function processOf(process: ProcessSpec, { env = [], additionalGids = [] }: CdiEdits): ProcessSpec {
  const names = new Set(env.map((one) => one.split('=')[0]));
  const kept = process.env.filter((one) => !names.has(one.split('=')[0] ?? ''));
  const gids = [...(process.user.additionalGids ?? []), ...additionalGids.filter((gid) => gid !== 0)];
  return { ...process, env: [...kept, ...env], user: { ...process.user, additionalGids: [...new Set(gids)] } };
}

/** One takes the place of what was mounted there. */
function mountsOf(mounts: readonly MountSpec[], added: readonly CdiMount[]): readonly MountSpec[] {
  if (added.length === 0) return mounts;
  const taken = new Set(added.map(({ containerPath }) => containerPath));
  return byDepth([...mounts.filter(({ destination }) => !taken.has(destination)), ...added.map(mountOf)]);
}

function mountOf({ hostPath, containerPath, options = [], type }: CdiMount): MountSpec {
  const bound = options.includes('bind') || options.includes('rbind');
  const all = type === undefined && !bound ? ['rbind', ...options] : options;
  return { destination: containerPath, source: hostPath, type: type ?? 'bind', options: all };
}

function hooksOf(hooks: HooksSpec | undefined, { hooks: added = [] }: CdiEdits): HooksSpec | undefined {
  return added.reduce<HooksSpec | undefined>(
    (all, { hookName, ...hook }) => ({ ...all, [hookName]: [...(all?.[hookName] ?? []), hook] }),
    hooks,
  );
}

function linuxOf({ linux, process }: RuntimeSpec, edits: CdiEdits): LinuxSpec {
  const { deviceNodes = [], intelRdt, netDevices = [] } = edits;
  const nodes = deviceNodes.map((node) => nodeOf(node, process));
  const taken = new Set(nodes.map(({ path }) => path));
  const devices = [...(linux.devices ?? []).filter(({ path }) => !taken.has(path)), ...nodes];
  const rules = nodes.flatMap((node, index) =>
    node.type === 'p' ? [] : [deviceRule(node, deviceNodes[index]?.permissions || 'rwm')],
  );
  const { resources = {} } = linux;
  // Who may use every device needs no word about one.
  const already = resources.devices ?? [];
  const isAllowedAll = already.length === 1 && already[0]?.allow === true && already[0].type === undefined;
  const moved = netDevices.map(({ hostInterfaceName, name }) => [hostInterfaceName, { name }] as const);
  return {
    ...linux,
    ...(devices.length === 0 ? {} : { devices }),
    resources: { ...resources, devices: isAllowedAll ? already : [...already, ...rules] },
    ...(intelRdt === undefined ? {} : { intelRdt }),
    ...(moved.length === 0 ? {} : { netDevices: { ...linux.netDevices, ...Object.fromEntries(moved) } }),
  };
}

/** What a file leaves out is as on the host, and belongs to the container's user. */
function nodeOf(
  { path, hostPath = path, type, major, minor, ...rest }: CdiDeviceNode,
  { user }: ProcessSpec,
): DeviceSpec {
  const isComplete = type !== undefined && (type === 'p' || (major !== undefined && minor !== undefined));
  const found = isComplete ? { type: type as DeviceSpec['type'], major, minor } : onHost(hostPath);
  const { fileMode, uid = user.uid || undefined, gid = user.gid || undefined } = rest;
  const numbers = Object.entries({ major: found.major, minor: found.minor, fileMode, uid, gid });
  return { path, type: found.type, ...Object.fromEntries(numbers.filter(([, value]) => value !== undefined)) };
}

function onHost(path: string): DeviceSpec {
  try {
    const node = deviceNode(path);
    if (node !== undefined) return node;
  } catch (cause) {
    if (errnoName(cause) !== 'ENOENT') throw cause;
  }
  throw new BerthError('failed_precondition', `cdi_devices: the host has no device ${path}`, {
    code: 'no_cdi_device',
    hint: 'the CDI file may be from before a driver was changed: have it written anew',
  });
}
