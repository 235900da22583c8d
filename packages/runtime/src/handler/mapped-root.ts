import type { HostFacts } from '../compile/facts.ts';
import { type IdMaps, mountOnHost, unmountFromHost } from '../launch/host-mount.ts';
import type { ContainerPlace, StartPlanOptions } from './contract.ts';

/**
 * The root of a container in somebody's user namespace. Its layers are the host's root's, so they are mounted on the
 * host with mapped ids, from before the plan until the shim has opened the tree: in between it may be left by a crash,
 * and the clean-up takes it away. Other runtimes need it as long as the container lives. False where nothing is to be mapped.
 */
export function mountMappedRoot(place: ContainerPlace, { rootMounts = [] }: StartPlanOptions): boolean {
  const maps = joinedMaps(place);
  const [mount] = rootMounts;
  if (maps === undefined || place.root === undefined || mount === undefined) return false;
  unmountFromHost(place.root.hostTarget);
  const { mountLabel } = place.spec.linux;
  const options = [...(mount.options ?? []), ...(mountLabel && mount.type !== 'bind' ? [`context=${mountLabel}`] : [])];
  mountOnHost({ ...mount, options }, place.root.hostTarget, maps);
  return true;
}

/** Nothing there is success. */
export function unmountMappedRoot(place: ContainerPlace): void {
  if (place.root !== undefined && hasUserNamespace(place)) unmountFromHost(place.root.hostTarget);
}

/** What the shim opens as the root. */
export function rootTree(place: ContainerPlace): Pick<HostFacts, 'rootTree'> {
  if (!hasUserNamespace(place)) return {};
  if (place.root === undefined) return { rootTree: place.spec.root.path };
  return joinedMaps(place) === undefined ? {} : { rootTree: place.root.hostTarget };
}

/** Only a namespace that is there already can map a mount. */
function joinedMaps({ spec }: ContainerPlace): IdMaps | undefined {
  const { namespaces, uidMappings = [], gidMappings = [] } = spec.linux;
  const path = namespaces.find(({ type }) => type === 'user')?.path;
  return path ? { path, uidMappings, gidMappings } : undefined;
}

function hasUserNamespace({ spec }: ContainerPlace): boolean {
  return spec.linux.namespaces.some(({ type }) => type === 'user');
}
