import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** Files in PEM. */
export interface Certificate {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** A certificate for localhost, by an authority that is made for it; also good for a client. Needs openssl. */
export function makeCertificate(folder: string, name = 'server'): Certificate {
  const file = (ending: string): string => path.join(folder, `${name}${ending}`);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = ['-subj', '/CN=authority of a test', '-keyout', file('-ca.key'), '-out', file('-ca.crt')];
  openssl(['req', '-x509', '-days', '30', ...key, ...authority]);
  openssl(['req', ...key, '-subj', `/CN=${name}`, '-keyout', file('.key'), '-out', file('.csr')]);
  const extensions = 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n';
  writeFileSync(file('.ext'), extensions);
  const signing = ['-CA', file('-ca.crt'), '-CAkey', file('-ca.key'), '-CAcreateserial', '-extfile', file('.ext')];
  openssl(['x509', '-req', '-days', '30', '-in', file('.csr'), '-out', file('.crt'), ...signing]);
  return { ca: file('-ca.crt'), certificate: file('.crt'), key: file('.key') };
}

function openssl(args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]}: ${error?.message ?? stderr}`);
}
