import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';

interface SystemPackage {
  readonly name: string;
  /** A file of it. */
  readonly file: string;
  readonly neededFor: string;
}

/** By Debian's names. */
const packages: readonly SystemPackage[] = [
  { name: 'busybox-static', file: '/bin/busybox', neededFor: 'the root file systems of test containers' },
  { name: 'libseccomp-dev', file: '/usr/include/seccomp.h', neededFor: "comparing filters with libseccomp's" },
  { name: 'zstd', file: '/usr/bin/zstd', neededFor: 'archives made by the zstd program' },
  { name: 'util-linux', file: '/usr/bin/unshare', neededFor: 'tests that look into namespaces' },
  { name: 'libcap2-bin', file: '/sbin/setcap', neededFor: 'file capabilities' },
  { name: 'runc', file: '/usr/sbin/runc', neededFor: 'comparing a container with one of runc' },
  { name: 'pkg-config', file: '/usr/bin/pkg-config', neededFor: 'building a newer runc to compare with' },
  { name: 'iproute2', file: '/sbin/ip', neededFor: 'network devices that are moved into containers' },
  { name: 'podman', file: '/usr/bin/podman', neededFor: 'podman with our runtime' },
  { name: 'containerd', file: '/usr/bin/containerd', neededFor: 'containerd with our runtime' },
  { name: 'crun', file: '/usr/bin/crun', neededFor: 'crun behind our daemon, where it takes the cgroups' },
  { name: 'uidmap', file: '/usr/bin/newuidmap', neededFor: 'rootless containers with ranges of ids' },
  { name: 'dbus', file: '/usr/bin/dbus-daemon', neededFor: 'the systemd driver over a real bus' },
  { name: 'docker-registry', file: '/usr/bin/docker-registry', neededFor: 'a real registry to pull from and push to' },
  { name: 'skopeo', file: '/usr/bin/skopeo', neededFor: 'reading and writing images as others do' },
  { name: 'umoci', file: '/usr/bin/umoci', neededFor: 'reading the layouts that we write' },
  { name: 'docker.io', file: '/usr/sbin/dockerd', neededFor: 'copying from and to a live dockerd' },
  { name: 'apache2-utils', file: '/usr/bin/htpasswd', neededFor: 'registries with passwords' },
  { name: 'openssh-server', file: '/usr/sbin/sshd', neededFor: 'copying to another machine through a real ssh' },
  { name: 'openssl', file: '/usr/bin/openssl', neededFor: 'registries with certificates of their own' },
  { name: 'debootstrap', file: '/usr/sbin/debootstrap', neededFor: 'an image of a whole Debian' },
  { name: 'containernetworking-plugins', file: '/usr/lib/cni/bridge', neededFor: 'the network of pods' },
  { name: 'iptables', file: '/usr/sbin/iptables', neededFor: 'ports of the host that lead into pods' },
  { name: 'nftables', file: '/usr/sbin/nft', neededFor: 'ports of the host with the built-in bridge' },
  { name: 'procps', file: '/usr/bin/ps', neededFor: 'berth top with arguments of ps' },
];

/** Installs what tests need and the machine has not, where that can be done. @returns what is still missing */
export function installSystemPackages(): string[] {
  const wanted = packages.filter(({ file }) => !existsSync(file));
  if (wanted.length === 0) return [];
  const names = wanted.map(({ name }) => name);
  const obstacle = process.getuid?.() !== 0 ? 'this is not root' : whyAptFails(names);
  if (obstacle === undefined) return [];
  return wanted.map(({ name, neededFor }) => `${name}, for ${neededFor} (${obstacle})`);
}

/** Also for the bench, which wants other packages. */
export function whyAptFails(names: readonly string[]): string | undefined {
  if (!existsSync('/usr/bin/apt-get')) return 'there is no apt-get';
  console.log(`installing system packages: ${names.join(' ')}`);
  // The lists may be younger than needed already: they are fetched only when there are none.
  if (globSync('/var/lib/apt/lists/*_Packages*').length === 0) apt(['update']);
  const install = ['install', '-y', '--no-install-recommends', ...names];
  if (apt(install) || (apt(['update']) && apt(install))) return undefined;
  return 'apt-get install failed';
}

function apt(args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', ['-q', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}
