import type { IdMapping, RuntimeSpec } from '@berth/model/runtime-spec';
import { at } from '../finding.ts';
import { namespaceOf } from './namespace.ts';
import type { Rule } from './rule.ts';

function maps(list: readonly IdMapping[] | undefined, id: number): boolean {
  return (list ?? []).some(({ containerID, size }) => id >= containerID && id < containerID + size);
}

/** What holds besides when the caller is not root on the host. */
export const rootlessRules: readonly Rule<RuntimeSpec>[] = [
  {
    code: 'spec.rootless_without_user_namespace',
    meaning: 'a caller that is not root asks for a container without a user namespace',
    remedy: 'make the config with `berth-oci spec --rootless`, or run as root',
    *find(spec) {
      if (namespaceOf(spec, 'user') === undefined)
        yield at('linux.namespaces', 'without root, a user namespace is needed');
    },
  },
  {
    code: 'spec.rootless_mount_owner',
    meaning: 'a caller that is not root mounts with a `uid=` or `gid=` that the user namespace does not map',
    remedy: 'remove the option, or map the id',
    *find(spec) {
      const namespace = namespaceOf(spec, 'user');
      if (namespace?.path) return;
      for (const [index, { options = [] }] of spec.mounts.entries()) {
        for (const [place, option] of options.entries()) {
          const { kind, id } = /^(?<kind>[ug]id)=(?<id>\d+)$/.exec(option)?.groups ?? {};
          if (id === undefined) continue;
          const list = kind === 'uid' ? spec.linux.uidMappings : spec.linux.gidMappings;
          if (!maps(list, Number(id))) yield at(`mounts[${index}].options[${place}]`, `${option} is not mapped`);
        }
      }
    },
  },
  {
    code: 'spec.rootless_user_unmapped',
    meaning: 'a caller that is not root asks for a user or group that the user namespace does not map',
    remedy: 'map the id in linux.uidMappings or linux.gidMappings',
    *find({ linux, process: { user } }) {
      // Without mappings it is a joined namespace, whose own mappings decide.
      if (linux.uidMappings?.length && !maps(linux.uidMappings, user.uid)) {
        yield at('process.user.uid', `${user.uid} is not mapped`);
      }
      if (linux.gidMappings?.length && !maps(linux.gidMappings, user.gid)) {
        yield at('process.user.gid', `${user.gid} is not mapped`);
      }
    },
  },
  {
    code: 'spec.rootless_net_devices',
    meaning: 'a caller that is not root wants to move network devices of the host',
    remedy: 'remove linux.netDevices, or run as root',
    *find({ linux }) {
      if (Object.keys(linux.netDevices ?? {}).length > 0) yield at('linux.netDevices', 'only root can move devices');
    },
  },
  {
    code: 'spec.rootless_idmap',
    meaning: 'a caller that is not root asks for an idmapped mount',
    remedy: 'remove the mappings of the mount, or run as root',
    *find({ mounts }) {
      for (const [index, { options = [], uidMappings, gidMappings }] of mounts.entries()) {
        if (uidMappings?.length || gidMappings?.length || options.includes('idmap') || options.includes('ridmap')) {
          yield at(`mounts[${index}]`, 'only root can map the ids of a mount');
        }
      }
    },
  },
];
