import type { LinuxSpec, NamespaceSpec, ProcessSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { defaultPath } from '@berth/runtime/compile/program';
import { sandboxAnnotations } from './annotations.ts';
import { cgroupPath } from './cgroup-path.ts';
import type { SandboxSpecInput } from './contract.ts';
import { badField } from './field-error.ts';
import { isHostNetwork, sandboxNamespaces } from './namespaces.ts';
import { checkSeccomp } from './seccomp.ts';
import { selinuxLabels } from './selinux.ts';
import { podSysctls } from './sysctls.ts';
import { podUserMaps, type UserMaps } from './user-namespace.ts';

/** The last that the kernel should kill in a pod, as with the peers. */
const oomScoreAdj = -998;
/** cgroup v1's least: it only waits. */
const cpuShares = 2;
/** Nobody: what holds the namespaces needs no right at all. */
const pauseUser = 65535;

/** As `PodSpecs.sandbox`: next to nothing is mounted or set up, because nothing but one small program runs in it. */
export function sandboxSpec(input: SandboxSpecInput): RuntimeSpec {
  const { id, config, host } = input;
  checkSeccomp(config.security);
  const maps = podUserMaps(config, host);
  const namespaces = sandboxNamespaces(input, maps !== undefined);
  const hostname = isHostNetwork(config) ? '' : checkHostname(config.hostname);
  return {
    ociVersion: '1.3.0',
    ...(hostname === '' ? {} : { hostname }),
    process: processOf(input, maps),
    root: { path: host.pauseRoot, readonly: true },
    mounts: [
      // Kernel settings are written through it.
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'noexec', 'mode=755', 'size=64k'] },
    ],
    annotations: sandboxAnnotations(id, config),
    linux: linuxOf(input, namespaces, maps),
  };
}

function processOf({ id, config, host }: SandboxSpecInput, maps: UserMaps | undefined): ProcessSpec {
  const { security } = config;
  const labels = selinuxLabels(security, pod(id, security.selinux), host.selinux);
  const mapped = maps === undefined || (maps.uidMappings[0]?.size ?? 0) > pauseUser;
  const uid = mapped ? pauseUser : 0;
  return {
    user: { uid, gid: uid },
    args: ['/pause'],
    env: [`PATH=${defaultPath}`],
    cwd: '/',
    capabilities: {},
    noNewPrivileges: true,
    oomScoreAdj,
    ...(labels === undefined ? {} : { selinuxLabel: labels.process }),
  };
}

function linuxOf({ id, config, host }: SandboxSpecInput, namespaces: NamespaceSpec[], maps?: UserMaps): LinuxSpec {
  const { cgroupDriver, cgroupParent } = host;
  return {
    namespaces,
    ...maps,
    cgroupsPath: cgroupPath({ driver: cgroupDriver, parent: config.cgroupParent, fallback: cgroupParent, id }),
    // It opens nothing: rules for its devices would only cost time.
    resources: { cpu: { shares: cpuShares }, devices: [{ allow: true, access: 'rwm' }] },
    sysctl: podSysctls(config, namespaces),
  };
}

function pod(id: string, selinux: SandboxSpecInput['config']['security']['selinux']) {
  return { id, ...(selinux === undefined ? {} : { selinux }) };
}

function checkHostname(hostname: string): string {
  if (hostname === '' || /^[a-zA-Z0-9]([a-zA-Z0-9.-]{0,62})$/.test(hostname)) return hostname;
  throw badField('hostname', `not a host name: '${hostname}'`, 'at most 63 letters, digits, dots and dashes');
}
