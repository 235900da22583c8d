import { readFileSync } from 'node:fs';
import { BerthError, errnoName } from '@berth/model/error';
import type { Security, SecurityProfile } from '@berth/model/pod-config';
import { badField } from './field-error.ts';

const field = 'linux.security_context.apparmor';
const loadedProfiles = '/sys/kernel/security/apparmor/profiles';

/** Default profiles of engines, best first: ours to be loaded, or what another engine of this machine has loaded. */
const defaultProfiles = ['berth-default', 'cri-containerd.apparmor.d', 'docker-default'];

/** Where it is looked up; apart, so that tests need no kernel with AppArmor. */
export interface ApparmorHost {
  readonly apparmor: boolean;
  /** Names of the profiles that the kernel has. */
  readonly loaded?: () => readonly string[];
}

/**
 * The profile of a process; undefined for none. Who asks for nothing gets the default one where it is loaded, and who is
 * privileged gets none but what is asked for by name.
 * @throws invalid_argument, failed_precondition (`no_apparmor`, `no_apparmor_profile`)
 */
export function apparmorProfile(security: Security, host: ApparmorHost): string | undefined {
  const { apparmor: profile, privileged } = security;
  if (profile !== undefined) checkRef(profile);
  if (profile?.type === 'unconfined') return undefined;
  if (!host.apparmor) {
    if (profile === undefined) return undefined;
    throw missing(
      'no_apparmor',
      'this host has no AppArmor',
      'leave the profile out, or boot the kernel with AppArmor',
    );
  }
  if (profile?.type === 'localhost') return localProfile(profile.ref, host);
  if (privileged) return undefined;
  const found = defaultProfiles.find((name) => names(host).includes(name));
  if (found !== undefined || profile === undefined) return found;
  throw missing('no_apparmor_profile', 'no default profile is loaded', `load one named ${defaultProfiles[0]}`);
}

/** An unloaded profile would be found out by the kernel only when the program is already about to run. */
function localProfile(ref: string, host: ApparmorHost): string {
  const name = ref.replace(/^localhost\//, '');
  if (names(host).includes(name)) return name;
  throw missing('no_apparmor_profile', `profile ${name} is not loaded`, 'load it with apparmor_parser(8)');
}

function checkRef({ type, ref }: SecurityProfile): void {
  if (type === 'localhost' && ref === '') throw badField(`${field}.localhost_ref`, 'a Localhost profile needs a name');
  if (type !== 'localhost' && ref !== '') {
    throw badField(`${field}.localhost_ref`, 'is for profiles of type Localhost only');
  }
}

function names({ loaded = readLoaded }: ApparmorHost): readonly string[] {
  return loaded();
}

/** A line a profile: `docker-default (enforce)`. */
function readLoaded(): string[] {
  try {
    const lines = readFileSync(loadedProfiles, 'utf8').split('\n');
    return lines.map((line) => line.replace(/ \([a-z]+\)$/, '')).filter((name) => name !== '');
  } catch (cause) {
    throw missing('no_apparmor', `${loadedProfiles} cannot be read: ${errnoName(cause)}`, 'mount securityfs');
  }
}

function missing(code: string, message: string, hint: string): BerthError {
  return new BerthError('failed_precondition', `${field}: ${message}`, { code, hint });
}
