import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { ownerOf, sysctlPath } from '../../compile/sysctl.ts';
import { at, member } from '../finding.ts';
import { owns } from './namespace.ts';
import type { Rule } from './rule.ts';

interface Setting {
  /** Where it stands in the file. */
  readonly path: string;
  /** Below /proc/sys. */
  readonly file: string;
  readonly owner: ReturnType<typeof ownerOf>;
  readonly wellFormed: boolean;
}

function settings({ linux }: RuntimeSpec): Setting[] {
  return Object.keys(linux.sysctl ?? {}).map((name) => {
    const file = sysctlPath(name);
    const wellFormed = !file.split('/').some((part) => part === '' || part === '.' || part === '..');
    return { path: member('linux.sysctl', name), file, owner: ownerOf(file), wellFormed };
  });
}

export const sysctlRules: readonly Rule<RuntimeSpec>[] = [
  {
    code: 'spec.sysctl_malformed',
    meaning: 'a name in `linux.sysctl` is not that of a kernel setting',
    remedy: 'write it as net.ipv4.ip_forward or net/ipv4/ip_forward',
    *find(spec) {
      for (const { path, wellFormed } of settings(spec))
        if (!wellFormed) yield at(path, 'not the name of a kernel setting');
    },
  },
  {
    code: 'spec.sysctl_hostname',
    meaning: 'the host name is set through `linux.sysctl`',
    remedy: 'use the hostname member',
    *find(spec) {
      for (const { path, file } of settings(spec)) {
        if (file === 'kernel/hostname') yield at(path, 'the host name has a member of its own');
      }
    },
  },
  {
    code: 'spec.sysctl_not_namespaced',
    meaning: 'a setting in `linux.sysctl` belongs to no namespace: it is that of the whole host',
    remedy: 'set it on the host with sysctl(8), and remove it here',
    *find(spec) {
      for (const { path, owner, wellFormed } of settings(spec)) {
        if (wellFormed && owner === undefined) yield at(path, 'is a setting of the whole host, in no namespace');
      }
    },
  },
  {
    code: 'spec.sysctl_namespace_not_owned',
    meaning: "a setting in `linux.sysctl` belongs to a namespace that is the host's",
    remedy: 'add that namespace to linux.namespaces, or remove the setting',
    *find(spec) {
      for (const { path, owner, wellFormed } of settings(spec)) {
        if (wellFormed && owner !== undefined && !owns(spec, owner)) {
          yield at(path, `needs the container's own ${owner} namespace`);
        }
      }
    },
  },
];
