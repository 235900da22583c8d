import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errnoName } from '@berth/model/error';

/** Host paths of the files that are mounted over the image's own. */
export interface EtcFiles {
  readonly hosts: string;
  readonly hostname: string;
  readonly resolvConf: string;
}

const loopback = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

/** Writes a container's /etc/hosts, /etc/hostname and /etc/resolv.conf into its folder. */
export async function writeEtcFiles(folder: string, hostname: string, hostNetwork: boolean): Promise<EtcFiles> {
  const files = {
    hosts: path.join(folder, 'hosts'),
    hostname: path.join(folder, 'hostname'),
    resolvConf: path.join(folder, 'resolv.conf'),
  };
  const hosts = hostNetwork ? await hostFile('/etc/hosts', loopback) : loopback;
  await Promise.all([
    writeFile(files.hosts, hosts, { mode: 0o644 }),
    writeFile(files.hostname, `${hostname}\n`, { mode: 0o644 }),
    writeFile(files.resolvConf, await hostFile('/etc/resolv.conf', ''), { mode: 0o644 }),
  ]);
  return files;
}

async function hostFile(file: string, fallback: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return fallback;
    throw error;
  }
}
