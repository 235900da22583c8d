import { statSync } from 'node:fs';
import { posix } from 'node:path';
import type { NamespaceType, RuntimeSpec } from '@berth/model/runtime-spec';

/** Something of a container that is the host's: criu must not write it down, and gets it given again at restore. */
export interface External {
  /** What criu calls it in the image. */
  readonly key: string;
  /** At restore: the host's path. */
  readonly source: string;
}

/** Binds of the host's files, and the host's /dev/null on masked files: mounts that no image can hold. */
export function externalMounts({ mounts, linux }: RuntimeSpec, rootfs: string): External[] {
  const binds = mounts.filter(({ type, options = [] }) => {
    return type === 'bind' || options.includes('bind') || options.includes('rbind');
  });
  const masked = (linux.maskedPaths ?? []).filter((path) => isMaskedFile(path, rootfs));
  const devices = (linux.devices ?? []).map(({ path }): External => ({ key: path, source: path }));
  return [
    ...binds.map(({ destination, source = '' }): External => ({
      key: posix.normalize(destination).replace(/(.)\/$/, '$1'),
      source,
    })),
    ...masked.map((path): External => ({ key: path, source: '/dev/null' })),
    // In a user namespace devices are binds of the host's.
    ...(linux.namespaces.some(({ type }) => type === 'user') ? devices : []),
  ];
}

/** The container's /proc and /sys are like the host's; a masked folder is a tmpfs, which criu can write down. */
function isMaskedFile(path: string, rootfs: string): boolean {
  const place = /^\/(proc|sys)\//.test(path) ? path : posix.join(rootfs, path);
  return statSync(place, { throwIfNoEntry: false })?.isDirectory() === false;
}

const shortNames: Partial<Record<NamespaceType, string>> = { network: 'net', pid: 'pid' };

/** Namespaces that the container has joined and that stay when it ends. `--external net[INODE]:KEY`. */
export function externalNamespaces({ linux }: RuntimeSpec): { readonly kind: string; readonly path: string }[] {
  return linux.namespaces.flatMap(({ type, path }) => {
    const kind = shortNames[type];
    return kind === undefined || path === undefined || path === '' ? [] : [{ kind, path }];
  });
}

/** The name of a joined namespace in the image. */
export function namespaceKey(kind: string): string {
  return `berth_${kind}`;
}
