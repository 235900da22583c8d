import path from 'node:path';
import type { RegistryOptions } from '../contract.ts';
import { readDockerCertificates } from './docker-certificates.ts';
import { allCapabilities, type Endpoint } from './endpoint.ts';
import { type HostsFile, type ListedHost, readHostsFile } from './hosts-file.ts';
import { isLoopback } from './loopback.ts';
import { systemTls, type TlsSettings } from './tls.ts';

type Options = Pick<RegistryOptions, 'hostFolders' | 'insecure'>;

/** Docker Hub's name in references, and where it really is. */
const hub = 'docker.io';
const hubHost = 'registry-1.docker.io';

/**
 * Whom to ask for the images of `domain`, in order: the mirrors of the first hosts.toml that there is, then the
 * registry itself. Without one docker's certificates for the host count.
 * @throws invalid_argument (`bad_hosts_file`)
 */
export async function endpointsOf(domain: string, options: Options): Promise<readonly Endpoint[]> {
  const { file, tls } = await settingsOf(domain, options.hostFolders);
  const host = domain === hub ? hubHost : domain;
  const insecure = options.insecure?.(domain) === true;
  const mirrors = (file?.mirrors ?? []).map((listed) => endpointOf(listed, domain, options));
  if (file?.server.url !== undefined)
    return [...mirrors, endpointOf({ ...file.server, url: file.server.url }, domain, options)];
  const own = tls ?? file?.server.tls;
  const decided = own !== undefined && (own.ca.length > 0 || own.skipVerify);
  const lenient = insecure || isLoopback(host);
  return [
    ...mirrors,
    {
      url: `https://${host}/v2`,
      credentialHost: domain,
      capabilities: file?.server.capabilities ?? allCapabilities,
      header: file?.server.header ?? {},
      // What may be spoken to without TLS may also be spoken to with a certificate that proves nothing.
      tls: { ...systemTls, ...own, skipVerify: own?.skipVerify === true || insecure || (lenient && !decided) },
      mayFallBack: insecure || (lenient && !decided),
      plainCredentials: lenient,
    },
  ];
}

function endpointOf(listed: ListedHost, domain: string, { insecure }: Options): Endpoint {
  const { host } = new URL(listed.url);
  const own = host === domain || (domain === hub && host === hubHost);
  const credentialHost = own || host === hubHost ? (host === hubHost ? hub : domain) : host;
  const lenient = insecure?.(host) === true;
  return {
    ...listed,
    credentialHost,
    tls: lenient ? { ...listed.tls, skipVerify: true } : listed.tls,
    mayFallBack: false,
    plainCredentials: lenient || isLoopback(host),
    ...(own ? {} : { namespace: domain }),
  };
}

async function settingsOf(
  domain: string,
  folders: readonly string[],
): Promise<{ readonly file?: HostsFile; readonly tls?: TlsSettings }> {
  for (const name of folderNames(domain)) {
    for (const folder of folders) {
      const place = path.join(folder, name);
      const file = await readHostsFile(path.join(place, 'hosts.toml'));
      if (file !== undefined) return { file };
      const tls = await readDockerCertificates(place);
      if (tls !== undefined) return { tls };
    }
  }
  return {};
}

/** As containerd looks: `host_5000_` (for file systems without colons), `host:5000`, then `_default`. */
function folderNames(domain: string): readonly string[] {
  const names = domain.includes(':') ? [domain.replace(/:(\d+)$/, '_$1_'), domain] : [domain];
  return [...names, ...(domain === hub ? [hubHost] : []), '_default'];
}
