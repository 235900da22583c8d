import type { PodSecurity, Security, SecurityProfile } from '@berth/model/pod-config';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import { namespaceOption } from './namespaces.ts';

const policyOf: Readonly<Record<Security['groupsPolicy'], wire.SupplementalGroupsPolicy>> = {
  merge: wire.SupplementalGroupsPolicy.Merge,
  strict: wire.SupplementalGroupsPolicy.Strict,
};

const typeOf: Readonly<Record<SecurityProfile['type'], wire.SecurityProfile_ProfileType>> = {
  'runtime-default': wire.SecurityProfile_ProfileType.RuntimeDefault,
  unconfined: wire.SecurityProfile_ProfileType.Unconfined,
  localhost: wire.SecurityProfile_ProfileType.Localhost,
};

/** The way back from `podSecurity`. */
export function podSecurityMessage(security: PodSecurity) {
  const { runAsUser, runAsGroup, selinux, seccomp, apparmor } = security;
  return {
    namespaceOptions: namespaceOption(security.namespaces),
    ...(selinux === undefined ? {} : { selinuxOptions: selinux }),
    ...(runAsUser === undefined ? {} : { runAsUser: { value: BigInt(runAsUser) } }),
    ...(runAsGroup === undefined ? {} : { runAsGroup: { value: BigInt(runAsGroup) } }),
    readonlyRootfs: security.readonlyRootfs,
    supplementalGroups: security.supplementalGroups.map(BigInt),
    supplementalGroupsPolicy: policyOf[security.groupsPolicy],
    privileged: security.privileged,
    ...(seccomp === undefined ? {} : { seccomp: profileMessage(seccomp) }),
    ...(apparmor === undefined ? {} : { apparmor: profileMessage(apparmor) }),
  };
}

function profileMessage({ type, ref }: SecurityProfile) {
  return { profileType: typeOf[type], localhostRef: ref };
}
