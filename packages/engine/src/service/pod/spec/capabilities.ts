import type { ContainerSecurity } from '@berth/model/pod-config';
import type { CapabilitySets } from '@berth/model/runtime-spec';
import { capabilitiesOf, capabilityBit } from '@berth/runtime/compile/capability';
import { ownCapabilities } from '@berth/runtime/compile/own-capabilities';
import { defaultCapabilities } from '@berth/runtime/defaults/docker';
import { badField } from './field-error.ts';

const field = 'linux.security_context.capabilities';

/**
 * What a container may have at most. All there are is what this process has: nobody can give more. `ALL` comes first, on either side, then the names that are added, then the ones that
 * are dropped: `drop ALL, add CHOWN` is CHOWN, and what is both added and dropped is dropped.
 * @throws invalid_argument for a name that no kernel has
 */
export function chooseCapabilities(
  security: ContainerSecurity,
  own: () => readonly string[] = () => capabilitiesOf(ownCapabilities()),
): string[] {
  if (security.privileged) return known(own());
  const added = names(security.addCapabilities, 'add_capabilities');
  const dropped = names(security.dropCapabilities, 'drop_capabilities');
  const ambient = names(security.addAmbientCapabilities, 'add_ambient_capabilities');
  const all = added.has('ALL') || ambient.has('ALL') ? known(own()) : defaultCapabilities;
  const base: readonly string[] = dropped.has('ALL') ? [] : all;
  const chosen = new Set([...base, ...added, ...ambient]);
  return [...chosen].filter((name) => name !== 'ALL' && !dropped.has(name));
}

/**
 * The sets of a process. One that is not root has the chosen ones in its bounding set only, as execve(2) would leave it,
 * beside those that are asked for as ambient: these it keeps.
 */
export function capabilitySets(chosen: readonly string[], security: ContainerSecurity, uid: number): CapabilitySets {
  const wanted = names(security.addAmbientCapabilities, 'add_ambient_capabilities');
  const ambient = chosen.filter((name) => wanted.has(name) || wanted.has('ALL'));
  const own = uid === 0 ? chosen : ambient;
  return {
    bounding: chosen,
    ...(own.length === 0 ? {} : { effective: own, permitted: own }),
    ...(ambient.length === 0 ? {} : { inheritable: ambient, ambient }),
  };
}

/** A kernel may have some that have no name here yet. */
function known(list: readonly string[]): string[] {
  return list.filter((name) => capabilityBit(name) !== undefined);
}

function names(list: readonly string[], name: string): Set<string> {
  return new Set(
    list.map((one, index) => {
      const upper = one.toUpperCase();
      if (upper === 'ALL' || upper === 'CAP_ALL') return 'ALL';
      const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
      if (capabilityBit(full) !== undefined) return full;
      throw badField(`${field}.${name}[${index}]`, `unknown capability ${one}`, 'names are those of capabilities(7)');
    }),
  );
}
