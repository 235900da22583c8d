import type { SecurityProfile } from '@berth/model/pod-config';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { badField, choice } from '../field.ts';

/** The protocol has a message for profiles, and before it had strings; kubelets of both kinds are about. */
interface Given {
  readonly profile: wire.SecurityProfile | undefined;
  /** The old string, and the path of both. */
  readonly text: string;
  readonly path: string;
  readonly textPath: string;
}

/** The new field wins over the old one. @throws invalid_argument naming the field */
export function seccompProfile(
  context: { readonly seccomp?: wire.SecurityProfile | undefined; readonly seccompProfilePath: string },
  path: string,
): { readonly seccomp?: SecurityProfile } {
  const seccomp = profileOf({
    profile: context.seccomp,
    text: context.seccompProfilePath,
    path: `${path}.seccomp`,
    textPath: `${path}.seccomp_profile_path`,
  });
  if (seccomp?.type === 'localhost' && !seccomp.ref.startsWith('/'))
    throw badField(`${path}.seccomp.localhost_ref`, `is '${seccomp.ref}', and must be an absolute path`);
  return seccomp === undefined ? {} : { seccomp };
}

/** As for seccomp; a pod's sandbox never had the old string. */
export function apparmorProfile(
  context: { readonly apparmor?: wire.SecurityProfile | undefined; readonly apparmorProfile?: string },
  path: string,
): { readonly apparmor?: SecurityProfile } {
  const apparmor = profileOf({
    profile: context.apparmor,
    text: context.apparmorProfile ?? '',
    path: `${path}.apparmor`,
    textPath: `${path}.apparmor_profile`,
  });
  return apparmor === undefined ? {} : { apparmor };
}

const types = {
  [wire.SecurityProfile_ProfileType.RuntimeDefault]: 'runtime-default',
  [wire.SecurityProfile_ProfileType.Unconfined]: 'unconfined',
  [wire.SecurityProfile_ProfileType.Localhost]: 'localhost',
} as const;

function profileOf({ profile, text, path, textPath }: Given): SecurityProfile | undefined {
  if (profile === undefined) return profileOfText(text, textPath);
  const type = choice(profile.profileType, types, `${path}.profile_type`);
  const ref = profile.localhostRef.replace(/^localhost\//, '');
  if (type === 'localhost' && ref === '') throw badField(`${path}.localhost_ref`, 'is missing');
  if (type !== 'localhost' && ref !== '')
    throw badField(`${path}.localhost_ref`, 'is given, but profile_type is not Localhost');
  return { type, ref };
}

function profileOfText(text: string, path: string): SecurityProfile | undefined {
  if (text === '') return undefined;
  if (text === 'unconfined') return { type: 'unconfined', ref: '' };
  if (text === 'runtime/default' || text === 'docker/default') return { type: 'runtime-default', ref: '' };
  const ref = /^localhost\/(.+)$/.exec(text)?.[1];
  if (ref !== undefined) return { type: 'localhost', ref };
  throw badField(path, `is '${text}', which is no profile`, 'runtime/default, unconfined, or localhost/ and a profile');
}
