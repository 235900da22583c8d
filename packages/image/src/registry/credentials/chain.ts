import { homedir } from 'node:os';
import path from 'node:path';
import type { Credentials, CredentialSource } from '../contract.ts';
import { type ConfigFile, readConfigFile } from './config-file.ts';
import { credentialHelper } from './credential-program.ts';
import { hostOfKey } from './host-key.ts';

export interface CredentialOptions {
  /** Whose configuration is read; the environment of this process when absent. */
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Credentials as the user keeps them for docker, podman and skopeo. The first file that knows a host wins; within a file
 * `credHelpers`, then `auths`, then `credsStore`. Files are read at every question: a login counts at once.
 *
 * Rejects with invalid_argument (`bad_json`, a file is broken), failed_precondition (`no_credential_helper`,
 * `credential_helper_failed`).
 */
export function credentialChain(options: CredentialOptions = {}): CredentialSource {
  const env = options.env ?? process.env;
  return async (host) => {
    for (const file of credentialFiles(env)) {
      const config = await readConfigFile(file);
      const found = config === undefined ? undefined : await credentialsIn(config, hostOfKey(host), env);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** Where credentials may be, the first is where new ones go. `REGISTRY_AUTH_FILE` shuts out the others. */
export function credentialFiles(env: NodeJS.ProcessEnv): readonly string[] {
  const only = env['REGISTRY_AUTH_FILE'];
  if (only !== undefined && only !== '') return [only];
  const home = env['HOME'] || homedir();
  const docker = env['DOCKER_CONFIG'] || path.join(home, '.docker');
  const run = env['XDG_RUNTIME_DIR'] || `/run/containers/${process.getuid?.() ?? 0}`;
  const settings = env['XDG_CONFIG_HOME'] || path.join(home, '.config');
  return [
    path.join(docker, 'config.json'),
    path.join(run, env['XDG_RUNTIME_DIR'] ? 'containers/auth.json' : 'auth.json'),
    path.join(settings, 'containers/auth.json'),
  ];
}

async function credentialsIn(
  config: ConfigFile,
  host: string,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  const helper = config.helpers.get(host);
  if (helper !== undefined) return await credentialHelper(helper, env).get(host);
  const written = config.auths.get(host);
  if (written !== undefined || config.store === undefined) return written;
  return await credentialHelper(config.store, env).get(host);
}
