import { asError, BerthError } from '@berth/model/error';
import type { Credentials, CredentialSource } from '@berth/image/registry/contract';
import type { RegistryAuth } from '@berth/wire/native/api';
import { switchFlag, textFlag } from '../flag/spec.ts';
import { printError } from '../print/output.ts';
import { hidePassword } from './hide-password.ts';
import { askSecret, secretFromInput } from './read-secret.ts';

/** Flags of commands that talk to one registry. */
export const credentialFlags = {
  creds: textFlag('Credentials of the registry; a password that is missing is asked for', {
    placeholder: 'user[:password]',
  }),
  'password-stdin': switchFlag('Take the password of --creds from standard input'),
  authfile: textFlag("File of credentials, as docker's config.json (REGISTRY_AUTH_FILE)", { placeholder: 'file' }),
};

export interface CredentialWish {
  readonly creds?: string | undefined;
  readonly 'password-stdin': boolean;
  readonly authfile?: string | undefined;
}

/** What a user said on the command line, undefined when nothing. @throws invalid_argument */
export async function givenCredentials(wish: Omit<CredentialWish, 'authfile'>): Promise<Credentials | undefined> {
  const { creds } = wish;
  if (creds === undefined && !wish['password-stdin']) return undefined;
  const [, username = '', colon, password = ''] = /^([^:]+)(?:(:)([^]*))?$/.exec(creds ?? '') ?? [];
  if (username === '') {
    throw new BerthError('invalid_argument', 'credentials need a user name', { hint: 'give --creds USER[:PASSWORD]' });
  }
  if (wish['password-stdin']) {
    if (colon !== undefined)
      throw new BerthError('invalid_argument', 'a password cannot be given both by --creds and --password-stdin');
    return { username, password: await secretFromInput() };
  }
  if (colon !== undefined) hidePassword();
  return { username, password: colon === undefined ? await askSecret(`Password for ${username}: `) : password };
}

/** The user's own files and helpers, or only the file that was named. */
export async function keptCredentials(authfile: string | undefined, env: NodeJS.ProcessEnv): Promise<CredentialSource> {
  const { credentialChain } = await import('../image-work.ts');
  return credentialChain({ env: authfile === undefined ? env : { ...env, REGISTRY_AUTH_FILE: authfile } });
}

/**
 * What a request to the daemon carries for the registry of an image's name: what was given, else what the user has kept.
 * A helper that fails is told, and the registry asked without: most images are there for all.
 */
export async function registryAuth(
  host: string,
  wish: CredentialWish,
  env: NodeJS.ProcessEnv,
): Promise<RegistryAuth | undefined> {
  const given = await givenCredentials(wish);
  if (given !== undefined) return given;
  const kept = await keptCredentials(wish.authfile, env);
  try {
    return await kept(host);
  } catch (error) {
    if (wish.authfile !== undefined) throw error;
    printError(`warning: going on without credentials for ${host}: ${asError(error).message}\n`);
    return undefined;
  }
}
