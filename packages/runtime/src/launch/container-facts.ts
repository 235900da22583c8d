import { join } from 'node:path';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { CgroupPlace } from '../cgroup/place.ts';
import { containingMount } from '../compile/containing-mount.ts';
import type { HostFacts } from '../compile/facts.ts';
import { ownCapabilities } from '../compile/own-capabilities.ts';
import { gateFile } from '../state/record.ts';
import type { LaunchContext } from './context.ts';
import { readMap } from './file-owner.ts';
import { isInUserNamespace } from './in-user-namespace.ts';
import { hasAppArmor, hasSelinux } from './security-module.ts';

/** What the caller of `create` may choose beside the spec. */
export interface ContainerChoices {
  readonly rootless: boolean;
  readonly systemdCgroup: boolean;
  readonly noPivot?: boolean;
  readonly noNewKeyring?: boolean;
  readonly consoleSocket?: string;
  readonly pidfdSocket?: string;
}

export interface FactOptions extends ContainerChoices {
  /** Of the container's state. */
  readonly folder: string;
  readonly place: CgroupPlace;
  readonly preserve: number;
  /** Where resctrl is mounted. */
  readonly resctrl?: string;
  readonly until: 'gate' | 'held';
}

/** All that the compiler must know of this machine for one container, read now. */
export function containerFacts(context: LaunchContext, options: FactOptions): HostFacts {
  const { id, bundle, spec, rootfs } = context;
  return {
    id,
    bundle,
    cgroup: options.place.layout,
    cgroupPath: options.place.path,
    systemdScope: options.place.unit !== undefined,
    capabilities: ownCapabilities(),
    stdin: true,
    inherit: { preserve: options.preserve },
    created: options.until === 'held' ? 'ask' : { gate: join(options.folder, gateFile) },
    rootTarget: rootfs,
    rootParent: containingMount(rootfs),
    apparmor: hasAppArmor(),
    selinux: hasSelinux(),
    rootless: options.rootless,
    inUserNamespace: isInUserNamespace(),
    resctrl: options.resctrl,
    noPivot: options.noPivot,
    noNewKeyring: options.noNewKeyring,
    consoleSocket: options.consoleSocket,
    pidfdSocket: options.pidfdSocket,
    ...joinedMappings(spec),
  };
}

/** The maps of a user namespace that is joined through somebody's /proc folder; they cannot be read otherwise. */
function joinedMappings({ linux }: RuntimeSpec): Pick<HostFacts, 'idMappings'> {
  const user = linux.namespaces.find(({ type }) => type === 'user');
  const folder = /^(\/proc\/[^/]+)\/ns\/user$/.exec(user?.path ?? '')?.[1];
  if (folder === undefined) return {};
  return { idMappings: { uid: readMap(`${folder}/uid_map`), gid: readMap(`${folder}/gid_map`) } };
}
