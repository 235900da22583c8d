import type { SeccompSpec } from '@berth/model/runtime-spec';
import { resolveProfile } from '../seccomp/profile.ts';
import type { ContainerSpecInput, SpecFacts } from './container-spec-input.ts';
import { dockerSeccomp } from './gen/docker-seccomp.ts';

/** The default profile resolved, by what it depends on: hosts see a handful of combinations. */
const resolved = new Map<string, SeccompSpec>();
const maxKept = 64;

/**
 * The filter of a container. A privileged one has none unless a profile was asked for by name;
 * equal choices give the same object, which the compiler knows again at once.
 */
export function seccompFor(
  input: ContainerSpecInput,
  capabilities: readonly string[],
  facts: SpecFacts,
): SeccompSpec | undefined {
  const choice = input.privileged && input.seccomp === 'default' ? undefined : input.seccomp;
  const profile = choice ?? (input.privileged ? 'unconfined' : 'default');
  if (profile === 'unconfined') return undefined;
  const { architecture, kernel } = facts;
  const against = { capabilities, architecture, kernel };
  if (profile !== 'default') return resolveProfile(profile, against);
  const key = [architecture, kernel, ...capabilities.toSorted()].join(' ');
  const known = resolved.get(key);
  if (known !== undefined) return known;
  const spec = resolveProfile(dockerSeccomp, against);
  if (resolved.size >= maxKept) resolved.clear();
  resolved.set(key, spec);
  return spec;
}
