import type { CredentialSource, RegistryClient } from '@berth/image/registry/contract';
import { version } from '@berth/sdk/version';
import { listFlag } from '../flag/spec.ts';

/** Folders with a folder per registry host, as containerd and docker have them: mirrors, CAs, client certificates. */
const usualHostFolders = ['/etc/berth/certs.d', '/etc/containerd/certs.d', '/etc/docker/certs.d'];

export const hostFolderFlags = {
  'hosts-dir': listFlag(
    'Folder of mirrors and certificates of registries (hosts.toml, certs.d), before the usual ones',
    {
      placeholder: 'folder',
    },
  ),
};

export interface RegistryWish {
  readonly credentials: CredentialSource;
  readonly hostFolders: readonly string[];
  /** Take http and certificates that nobody vouches for. */
  readonly insecure?: boolean;
}

/** A client of registries in this process; the caller disposes of it. Loaded when it is needed: it brings node:http. */
export async function openRegistryClient({
  credentials,
  hostFolders,
  insecure,
}: RegistryWish): Promise<RegistryClient> {
  const { createRegistryClient } = await import('../image-work.ts');
  return createRegistryClient({
    credentials,
    hostFolders: [...hostFolders, ...usualHostFolders],
    ...(insecure === true ? { insecure: () => true } : {}),
    userAgent: `berth/${version}`,
  });
}
