import type { NamespaceType, RuntimeSpec } from '@berth/model/runtime-spec';
import { ownerOf, sysctlPath } from '../../compile/sysctl.ts';
import { at, member } from '../finding.ts';
import type { Found } from '../finding.ts';
import type { HostView } from '../host-view.ts';
import { namespaceOf } from './namespace.ts';
import type { Rule } from './rule.ts';

/** A valid spec on one machine. */
export interface Hosted {
  readonly spec: RuntimeSpec;
  readonly host: HostView;
}

/** What of a spec changes a namespace of each type. */
const changes: readonly (readonly [NamespaceType, (spec: RuntimeSpec) => Iterable<string>])[] = [
  ['uts', ({ hostname, domainname }) => [...(hostname ? ['hostname'] : []), ...(domainname ? ['domainname'] : [])]],
  ['network', ({ linux }) => (Object.keys(linux.netDevices ?? {}).length > 0 ? ['linux.netDevices'] : [])],
  [
    'mount',
    ({ mounts, linux }) => [
      ...(mounts.length > 0 ? ['mounts'] : []),
      ...(linux.maskedPaths?.length ? ['linux.maskedPaths'] : []),
      ...(linux.readonlyPaths?.length ? ['linux.readonlyPaths'] : []),
    ],
  ],
];

function* sysctls({ linux }: RuntimeSpec): Generator<[NamespaceType | undefined, string]> {
  for (const name of Object.keys(linux.sysctl ?? {})) yield [ownerOf(sysctlPath(name)), member('linux.sysctl', name)];
}

/** A path may lead back to the host: then the container has the host's namespace after all. */
function isHosts({ spec, host }: Hosted, type: NamespaceType): boolean {
  const path = namespaceOf(spec, type)?.path;
  return path !== undefined && host.behind(path) !== undefined && host.behind(path) === host.own(type);
}

function* changed(hosted: Hosted): Generator<Found> {
  for (const [type, paths] of changes) {
    if (!isHosts(hosted, type)) continue;
    for (const path of paths(hosted.spec))
      yield at(path, `would change the host: its ${type} namespace is joined by path`);
  }
  for (const [owner, path] of sysctls(hosted.spec)) {
    if (owner !== undefined && isHosts(hosted, owner)) {
      yield at(path, `would change the host: its ${owner} namespace is joined by path`);
    }
  }
}

/** Rules that need a look at the machine. */
export const hostRules: readonly Rule<Hosted>[] = [
  {
    code: 'spec.namespace_unavailable',
    meaning: 'this kernel has no namespaces of a type',
    remedy: 'remove the entry, or boot a kernel that has them',
    *find({ spec, host }) {
      for (const [index, { type }] of spec.linux.namespaces.entries()) {
        if (host.own(type) === undefined)
          yield at(`linux.namespaces[${index}].type`, `this kernel has no ${type} namespaces`);
      }
    },
  },
  {
    code: 'spec.namespace_path_missing',
    meaning: 'there is nothing at the path of a namespace to join',
    remedy: 'check that the process or the mount that holds the namespace is still there',
    *find({ spec, host }) {
      for (const [index, { path }] of spec.linux.namespaces.entries()) {
        if (path && host.behind(path) === undefined)
          yield at(`linux.namespaces[${index}].path`, `${path} does not exist`);
      }
    },
  },
  {
    code: 'spec.host_namespace_changed',
    meaning: 'a namespace is joined by path that is the one of the host, and the config changes what is in it',
    remedy: 'join another namespace, or remove the setting',
    find: changed,
  },
];
