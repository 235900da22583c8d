import type { RegistryClient } from '@berth/image/registry/contract';
import { switchFlag } from '../flag/spec.ts';
import { interruptible } from '../on-interrupt.ts';
import { type CredentialWish, givenCredentials, keptCredentials } from './credentials.ts';
import { hostFolderFlags, openRegistryClient } from './open-client.ts';

/** Flags of commands that ask a registry themselves. */
export const registryFlags = {
  'tls-verify': switchFlag('Ask for https with a good certificate', { initial: true }),
  ...hostFolderFlags,
};

export interface RegistryCall {
  /** Who gets the credentials of the command line. */
  readonly host: string;
  readonly flags: CredentialWish & { readonly 'tls-verify': boolean; readonly 'hosts-dir': readonly string[] };
  readonly env: NodeJS.ProcessEnv;
}

/** Opens a client for one command, and closes it. */
export async function withRegistry(
  { host, flags, env }: RegistryCall,
  work: (client: RegistryClient, signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const given = await givenCredentials(flags);
  const kept = await keptCredentials(flags.authfile, env);
  return await interruptible(async (signal) => {
    await using client = await openRegistryClient({
      credentials: async (asked) => (given !== undefined && asked === host ? given : await kept(asked)),
      hostFolders: flags['hosts-dir'],
      insecure: !flags['tls-verify'],
    });
    await work(client, signal);
  });
}
