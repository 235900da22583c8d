import type { Credentials } from '../contract.ts';
import { type CredentialOptions, credentialFiles } from './chain.ts';
import { readConfigFile, writeAuth } from './config-file.ts';
import { type CredentialHelper, credentialHelper } from './credential-program.ts';
import { hostOfKey } from './host-key.ts';

/**
 * Keeps a host's credentials for every later command, where docker would: with the helper that its configuration names
 * for the host, else in the file itself, which only its owner can read.
 * @returns where they went, to be told to the user: a path, or `credential helper NAME`
 * @throws as `credentialChain` rejects
 */
export async function storeCredentials(
  host: string,
  credentials: Credentials,
  options: CredentialOptions = {},
): Promise<string> {
  const { file, helper } = await placeOf(host, options);
  if (helper === undefined) {
    await writeAuth(file, host, credentials);
    return file;
  }
  await helper.store(hostOfKey(host), credentials);
  return `credential helper ${helper.name}`;
}

/** Forgets a host's credentials, in every file and helper that has them. @returns false when none had */
export async function eraseCredentials(host: string, options: CredentialOptions = {}): Promise<boolean> {
  const env = options.env ?? process.env;
  let erased = false;
  for (const file of credentialFiles(env)) {
    const helper = await helperOf(file, host, env);
    if (helper !== undefined) erased = (await helper.erase(hostOfKey(host))) || erased;
    erased = (await writeAuth(file, host, undefined)) || erased;
  }
  return erased;
}

async function placeOf(
  host: string,
  options: CredentialOptions,
): Promise<{ readonly file: string; readonly helper: CredentialHelper | undefined }> {
  const env = options.env ?? process.env;
  const file = credentialFiles(env)[0]!;
  return { file, helper: await helperOf(file, host, env) };
}

async function helperOf(file: string, host: string, env: NodeJS.ProcessEnv): Promise<CredentialHelper | undefined> {
  const config = await readConfigFile(file);
  const name = config?.helpers.get(hostOfKey(host)) ?? config?.store;
  return name === undefined ? undefined : credentialHelper(name, env);
}
