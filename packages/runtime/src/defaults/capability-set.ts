import { BerthError } from '@berth/model/error';
import type { CapabilitySets } from '@berth/model/runtime-spec';
import { capabilityBit, capabilityNames } from '../compile/capability.ts';
import { defaultCapabilities } from './docker.ts';

/** What a user asked for, docker's `--cap-add`, `--cap-drop` and `--privileged`. */
export interface CapabilityChoice {
  /** Names with or without `CAP_`, in any case; `ALL`. */
  readonly add?: readonly string[];
  readonly drop?: readonly string[];
  readonly privileged?: boolean;
}

/**
 * The capabilities of a container by docker's rules: `add: ALL` starts from all of them and drops,
 * `drop: ALL` from none and adds; otherwise the default ones less the dropped, with the added.
 * Throws `invalid_argument` for a name that no kernel has.
 */
export function chooseCapabilities({ add = [], drop = [], privileged }: CapabilityChoice): string[] {
  if (privileged) return [...capabilityNames];
  const added = add.map(canonical);
  const dropped = drop.map(canonical);
  const without = (names: readonly string[]) => names.filter((name) => !dropped.includes(name));
  if (added.includes('ALL')) return without(capabilityNames);
  if (dropped.includes('ALL')) return [...new Set(added)];
  return [...new Set([...without(defaultCapabilities), ...added])];
}

/**
 * The sets of a process. A user other than root gets them in the bounding set only, as execve(2)
 * would leave it: programs with file capabilities or set-user-ID still work.
 */
export function capabilitySets(names: readonly string[], uid: number): CapabilitySets {
  return uid === 0 ? { bounding: names, effective: names, permitted: names } : { bounding: names };
}

function canonical(name: string): string {
  const upper = name.toUpperCase();
  if (upper === 'ALL' || upper === 'CAP_ALL') return 'ALL';
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (capabilityBit(full) === undefined) {
    throw new BerthError('invalid_argument', `unknown capability ${name}`, {
      code: 'unknown_capability',
      hint: 'names are those of capabilities(7), such as NET_ADMIN, or ALL',
    });
  }
  return full;
}
