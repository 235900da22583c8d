import { create } from '@bufbuild/protobuf';
import type { PodSecurity, Security } from '@berth/model/pod-config';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { badField, choice, text, wholeNumber } from '../field.ts';
import { namespaceOptions } from './namespaces.ts';
import { apparmorProfile, seccompProfile } from './security-profile.ts';

/** (uid_t) -1 means "no change" in setuid(2)'s family, and is nobody. */
export const ids = { least: 0, most: 2 ** 32 - 2 };

const groupsPolicies = {
  [wire.SupplementalGroupsPolicy.Merge]: 'merge',
  [wire.SupplementalGroupsPolicy.Strict]: 'strict',
} as const;

/** @param path of the message. @throws invalid_argument naming the field */
export function podSecurity(given: wire.LinuxSandboxSecurityContext | undefined, path: string): PodSecurity {
  const context = given ?? create(wire.LinuxSandboxSecurityContextSchema);
  if (context.runAsGroup !== undefined && context.runAsUser === undefined)
    throw badField(`${path}.run_as_group`, 'needs run_as_user');
  return sharedSecurity(context, path);
}

/** The part that a pod's security context and a container's have in common. */
export function sharedSecurity(
  context: wire.LinuxSandboxSecurityContext | wire.LinuxContainerSecurityContext,
  path: string,
): Security {
  const { selinuxOptions, readonlyRootfs, supplementalGroups, supplementalGroupsPolicy, privileged } = context;
  return {
    namespaces: namespaceOptions(context.namespaceOptions, `${path}.namespace_options`),
    ...(selinuxOptions === undefined ? {} : { selinux: selinux(selinuxOptions, `${path}.selinux_options`) }),
    ...runAs(context, path),
    readonlyRootfs,
    supplementalGroups: supplementalGroups.map((id, at) => wholeNumber(id, `${path}.supplemental_groups[${at}]`, ids)),
    groupsPolicy: choice(supplementalGroupsPolicy, groupsPolicies, `${path}.supplemental_groups_policy`),
    privileged,
    ...seccompProfile(context, path),
    ...apparmorProfile(context, path),
  };
}

function runAs(
  context: { runAsUser?: wire.Int64Value | undefined; runAsGroup?: wire.Int64Value | undefined },
  path: string,
) {
  const { runAsUser, runAsGroup } = context;
  return {
    ...(runAsUser === undefined ? {} : { runAsUser: wholeNumber(runAsUser.value, `${path}.run_as_user`, ids) }),
    ...(runAsGroup === undefined ? {} : { runAsGroup: wholeNumber(runAsGroup.value, `${path}.run_as_group`, ids) }),
  };
}

function selinux({ user, role, type, level }: wire.SELinuxOption, path: string): NonNullable<Security['selinux']> {
  for (const word of [user, role, type, level]) text(word, path);
  return { user, role, type, level };
}
