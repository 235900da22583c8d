import { asError, BerthError } from '@berth/model/error';
import type { SeccompRule, SeccompSpec } from '@berth/model/runtime-spec';

/**
 * A profile as docker's `--security-opt seccomp=FILE` has it: rules may depend on the container's
 * capabilities, the architecture and the kernel, and become a spec once these are known.
 */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly archMap?: readonly ArchitectureMap[];
  readonly flags?: readonly string[];
  readonly syscalls?: readonly ProfileRule[];
}

export interface ArchitectureMap {
  readonly architecture: string;
  readonly subArchitectures?: readonly string[] | null;
}

export interface ProfileRule extends Omit<SeccompRule, 'names'> {
  readonly names?: readonly string[];
  /** The old form of `names`. */
  readonly name?: string;
  /** All that is given must hold: one of `arches`, every one of `caps`. */
  readonly includes?: ProfileFilter;
  /** The rule is left out when any of this holds. */
  readonly excludes?: ProfileFilter;
}

export interface ProfileFilter {
  readonly caps?: readonly string[];
  /** Go's names: `amd64`, `arm64`, `x86`, `x32`. */
  readonly arches?: readonly string[];
  /** `4.8`. */
  readonly minKernel?: string;
}

/** What a profile is resolved against. */
export interface ProfileFacts {
  /** The container's bounding set, `CAP_` names. */
  readonly capabilities: readonly string[];
  readonly architecture: 'x64' | 'arm64';
  /** The kernel's release, `6.18.5-generic`. */
  readonly kernel: string;
}

const scmpNames = { x64: 'SCMP_ARCH_X86_64', arm64: 'SCMP_ARCH_AARCH64' } as const;
const goNames = { x64: 'amd64', arm64: 'arm64' } as const;

/**
 * The spec that a profile comes to for one container. The result is frozen by convention and may be
 * shared: `compileSeccomp` compiles the same object once.
 */
export function resolveProfile(profile: SeccompProfile, facts: ProfileFacts): SeccompSpec {
  if (profile.archMap?.length && profile.architectures?.length) {
    throw badProfile('has both architectures and archMap');
  }
  const native = scmpNames[facts.architecture];
  const map = profile.archMap?.find(({ architecture }) => architecture === native);
  const architectures = map ? [native, ...(map.subArchitectures ?? [])] : (profile.architectures ?? []);
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures.length === 0 ? {} : { architectures }),
    ...(profile.flags === undefined ? {} : { flags: profile.flags }),
    syscalls: (profile.syscalls ?? []).filter((rule) => applies(rule, facts)).map(plainRule),
  };
}

/**
 * A profile from the text of a JSON file. Values beyond 2^53 keep all their digits. Throws
 * `invalid_argument` when it is not JSON or has not the shape of a profile.
 */
export function parseSeccompProfile(text: string): SeccompProfile {
  let value: unknown;
  try {
    value = JSON.parse(text, exactNumber);
  } catch (cause) {
    throw badProfile(`is not JSON: ${asError(cause).message}`, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badProfile('is not an object');
  }
  const profile = value as Partial<SeccompProfile>;
  if (typeof profile.defaultAction !== 'string') throw badProfile('has no defaultAction');
  if (!Array.isArray(profile.syscalls ?? [])) throw badProfile('syscalls is not a list');
  return profile as SeccompProfile;
}

function applies({ includes = {}, excludes = {} }: ProfileRule, facts: ProfileFacts): boolean {
  const arch = goNames[facts.architecture];
  const has = (capability: string) => facts.capabilities.includes(capability);
  if (excludes.arches?.includes(arch) || excludes.caps?.some(has)) return false;
  if (excludes.minKernel && isAtLeast(facts.kernel, excludes.minKernel)) return false;
  if (includes.arches?.length && !includes.arches.includes(arch)) return false;
  if (includes.caps?.length && !includes.caps.every(has)) return false;
  return !includes.minKernel || isAtLeast(facts.kernel, includes.minKernel);
}

function plainRule(rule: ProfileRule): SeccompRule {
  const names = rule.names?.length ? rule.names : rule.name === undefined ? [] : [rule.name];
  return {
    names,
    action: rule.action,
    ...(rule.errnoRet === undefined ? {} : { errnoRet: rule.errnoRet }),
    ...(rule.args?.length ? { args: rule.args } : {}),
  };
}

/** Compares the first two parts of kernel releases. */
function isAtLeast(kernel: string, least: string): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  const [wantedMajor = 0, wantedMinor = 0] = least.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function exactNumber(this: unknown, _key: string, value: unknown, context?: { source?: string }) {
  const source = context?.source;
  const loses = typeof value === 'number' && !Number.isSafeInteger(value);
  return loses && source !== undefined && /^\d+$/.test(source) ? BigInt(source) : value;
}

function badProfile(message: string, cause?: unknown): BerthError {
  return new BerthError('invalid_argument', `seccomp profile ${message}`, {
    code: 'invalid_seccomp_profile',
    ...(cause === undefined ? {} : { cause }),
  });
}
