import { BerthError } from '@berth/model/error';

/** What docker's users write for a registry: `https://index.docker.io/v1/` and `docker.io` are one. @throws invalid_argument (`bad_host`) */
export async function registryHost(text: string | undefined): Promise<string> {
  if (text === undefined || text === '') return 'docker.io';
  const { hostOfKey } = await import('../image-work.ts');
  const host = hostOfKey(text);
  // Not repeated where it may have a password.
  if (!/^[a-zA-Z0-9.:[\]-]+$/.test(host)) {
    throw new BerthError(
      'invalid_argument',
      `${text.includes('@') ? 'what was given' : `'${text}'`} is no registry host`,
      {
        code: 'bad_host',
        hint: 'a registry is named by its host and port, such as registry.example:5000; -u takes the user',
      },
    );
  }
  return host;
}
