import type { PodConfig, StringMap } from '@berth/model/pod-config';
import type { NamespaceSpec } from '@berth/model/runtime-spec';
import { ownerOf, sysctlPath } from '@berth/runtime/compile/sysctl';
import { networkSysctls } from '@berth/runtime/defaults/docker';
import { badField } from './field-error.ts';

/**
 * The pod's kernel settings. In a network of its own, low ports and ping need no privileges, as with the peers; not in
 * a user namespace, whose ids the range of groups for ping would not know.
 * @throws invalid_argument for one that would change the host
 */
export function podSysctls({ sysctls }: PodConfig, namespaces: readonly NamespaceSpec[]): StringMap {
  for (const name of Object.keys(sysctls)) check(name, namespaces);
  const has = (type: NamespaceSpec['type']) => namespaces.some((one) => one.type === type);
  const paths = new Set(Object.keys(sysctls).map(sysctlPath));
  const defaults = Object.entries(has('network') && !has('user') ? networkSysctls : {});
  return { ...Object.fromEntries(defaults.filter(([name]) => !paths.has(sysctlPath(name)))), ...sysctls };
}

function check(name: string, namespaces: readonly NamespaceSpec[]): void {
  const field = `linux.sysctls[${JSON.stringify(name)}]`;
  const path = sysctlPath(name);
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw badField(field, 'not the name of a kernel setting');
  }
  const owner = ownerOf(path);
  if (owner === undefined) throw badField(field, 'is a setting of the whole host', 'set it on the host with sysctl(8)');
  if (owner === 'uts') throw badField(field, 'the names of the host have fields of their own');
  if (namespaces.some(({ type }) => type === owner)) return;
  throw badField(field, `the pod is in the host's ${owner} namespace`, `give the pod its own ${owner} namespace`);
}
