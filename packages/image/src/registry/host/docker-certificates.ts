import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { BerthError, errnoName } from '@berth/model/error';
import type { TlsSettings } from './tls.ts';

/**
 * What docker keeps in certs.d/HOST: `*.crt` are authorities, `NAME.cert` and `NAME.key` our own certificate.
 * @returns undefined when there is no such folder, or nothing in it
 * @throws invalid_argument (`bad_hosts_file`) for a certificate without its key
 */
export async function readDockerCertificates(folder: string): Promise<TlsSettings | undefined> {
  const names = await namesIn(folder);
  const read = (name: string): Promise<string> => readFile(path.join(folder, name), 'utf8');
  const ending = (end: string): string[] => names.filter((name) => name.endsWith(end)).sort();
  const client = ending('.cert').map(async (name) => {
    const key = name.replace(/\.cert$/, '.key');
    if (!names.includes(key))
      throw new BerthError('invalid_argument', `${folder} has ${name} without ${key}`, { code: 'bad_hosts_file' });
    return { certificate: await read(name), key: await read(key) };
  });
  const settings = {
    ca: await Promise.all(ending('.crt').map(read)),
    client: await Promise.all(client),
    skipVerify: false,
  };
  return settings.ca.length + settings.client.length === 0 ? undefined : settings;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoName(error) ?? '')) return [];
    throw error;
  }
}
