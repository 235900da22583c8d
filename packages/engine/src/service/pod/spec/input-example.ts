import type {
  ContainerSecurity,
  PodConfig,
  PodContainerConfig,
  PodMount,
  Resources,
  Security,
} from '@berth/model/pod-config';
import type { PodContainerSpecInput, PodSpecHost } from './contract.ts';

/** For tests: a pod and a container for which nothing was asked, on a machine of cgroup v2. */

export const noLimits: Resources = {
  cpuPeriod: 0,
  cpuQuota: 0,
  cpuShares: 0,
  memoryLimit: 0,
  memorySwapLimit: 0,
  oomScoreAdj: 0,
  cpusetCpus: '',
  cpusetMems: '',
  hugepageLimits: [],
  unified: {},
};

export const plainSecurity: Security = {
  namespaces: { network: 'pod', pid: 'container', ipc: 'pod', targetId: '' },
  readonlyRootfs: false,
  supplementalGroups: [],
  groupsPolicy: 'merge',
  privileged: false,
};

export const containerSecurity: ContainerSecurity = {
  ...plainSecurity,
  runAsUsername: '',
  addCapabilities: [],
  dropCapabilities: [],
  addAmbientCapabilities: [],
  noNewPrivileges: false,
  maskedPaths: ['/proc/kcore'],
  readonlyPaths: ['/proc/sys'],
};

export const podConfig: PodConfig = {
  metadata: { name: 'web', uid: 'u1', namespace: 'default', attempt: 0 },
  hostname: 'web',
  logDirectory: '',
  portMappings: [],
  labels: {},
  annotations: {},
  cgroupParent: '/kubepods/podu1',
  sysctls: {},
  security: plainSecurity,
};

export const containerConfig: PodContainerConfig = {
  metadata: { name: 'app', attempt: 0 },
  image: { image: 'sha256:1234', userSpecified: 'app:1', annotations: {}, runtimeHandler: '' },
  command: [],
  args: [],
  workingDir: '',
  envs: [],
  mounts: [],
  devices: [],
  cdiDevices: [],
  labels: {},
  annotations: {},
  logPath: '',
  stdin: false,
  stdinOnce: false,
  tty: false,
  resources: noLimits,
  security: containerSecurity,
};

export const host: PodSpecHost = {
  rootPath: '/var/lib/berth/rootfs',
  pauseRoot: '/var/lib/berth/pause',
  cgroupParent: '/berth',
  cgroupDriver: 'cgroupfs',
  cgroupVersion: 2,
  apparmor: false,
  selinux: false,
  unsetSeccomp: 'unconfined',
  cdiFolders: [],
  recursiveReadonly: true,
  userNamespaces: true,
};

export const mountOf = (mount: Partial<PodMount>): PodMount => ({
  containerPath: '/data',
  hostPath: '/',
  readonly: false,
  recursiveReadonly: false,
  selinuxRelabel: false,
  propagation: 'private',
  uidMappings: [],
  gidMappings: [],
  imageSubPath: '',
  ...mount,
});

const passwd = 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n';
const group = 'root:x:0:\napp:x:1000:\nextra:x:50000:app\n';
const texts: Readonly<Record<string, string>> = { '/etc/passwd': passwd, '/etc/group': group };

export const containerInput: PodContainerSpecInput = {
  id: 'c1',
  pod: podConfig,
  podId: 'p1',
  podPid: 77,
  netns: '/run/netns/p1',
  files: { hosts: '/pods/hosts', hostname: '/pods/hostname', resolvConf: '/pods/resolv.conf', shm: '/pods/shm' },
  config: containerConfig,
  image: { Cmd: ['sleep', '1'], Env: ['PATH=/bin', 'A=image'] },
  readText: (file) => texts[file] ?? '',
  imageVolumes: new Map(),
  host,
};

/** The input with what differs of the container and its security. */
export function withContainer(
  config: Partial<PodContainerConfig>,
  security: Partial<ContainerSecurity> = {},
  pod: Partial<PodConfig> = {},
): PodContainerSpecInput {
  return {
    ...containerInput,
    pod: { ...podConfig, ...pod },
    config: { ...containerConfig, ...config, security: { ...containerSecurity, ...security } },
  };
}
