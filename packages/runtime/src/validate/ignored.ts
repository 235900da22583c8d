import { posix } from 'node:path';
import type { CapabilitySets, MountSpec, ProcessSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { capabilityBit } from '../compile/capability.ts';

const sets = ['bounding', 'effective', 'permitted', 'inheritable', 'ambient'] as const;

/** A spec in which only what is carried out stands: each change here has a warning among the rules. */
export function withoutIgnored(spec: RuntimeSpec): RuntimeSpec {
  const { personality } = spec.linux;
  return {
    ...spec,
    process: withoutIgnoredOfProcess(spec.process),
    mounts: spec.mounts.map(absolute),
    linux: {
      ...spec.linux,
      ...(personality === undefined ? {} : { personality: { domain: personality.domain } }),
    },
  };
}

/** Unknown capabilities are left out, as the spec demands: it must not fail for them. */
export function withoutIgnoredOfProcess(process: ProcessSpec): ProcessSpec {
  const { capabilities } = process;
  if (capabilities === undefined) return process;
  const known = sets.map((set) => [set, capabilities[set]?.filter((name) => capabilityBit(name) !== undefined)]);
  const given = known.filter(([, names]) => names !== undefined);
  return { ...process, capabilities: Object.fromEntries(given) as CapabilitySets };
}

/** config.md "Mounts": a relative destination is relative to /. */
function absolute(mount: MountSpec): MountSpec {
  if (posix.isAbsolute(mount.destination)) return mount;
  return { ...mount, destination: `/${mount.destination}` };
}
