import type { MediumAccess } from '@berth/image/medium/open';
import type { CredentialSource, RegistryClient } from '@berth/image/registry/contract';
import type { Location } from '@berth/image/medium/location';
import { givenCredentials, keptCredentials } from '../registry/credentials.ts';
import { openRegistryClient } from '../registry/open-client.ts';

/** What the command line says of one side of a copy. */
export interface SideWish {
  readonly creds: string | undefined;
  readonly 'password-stdin': boolean;
  readonly tlsVerify: boolean;
  readonly daemonHost: string | undefined;
  readonly containerd: string | undefined;
  readonly authfile: string | undefined;
  readonly hostFolders: readonly string[];
}

export interface SidePlace extends Pick<MediumAccess, 'signal' | 'scratch' | 'berthSocket'> {
  readonly env: NodeJS.ProcessEnv;
  /** Registry clients that are opened go here, to be closed with it. */
  readonly open: AsyncDisposableStack;
}

/** How the media of one side reach what they need. @throws invalid_argument for credentials that cannot be */
export async function sideAccess(wish: SideWish, location: Location, place: SidePlace): Promise<MediumAccess> {
  const { env, open, ...rest } = place;
  const credentials = await sideCredentials(wish, location, env);
  let client: Promise<RegistryClient> | undefined;
  const registry = async (): Promise<RegistryClient> =>
    open.use(
      await openRegistryClient({
        credentials,
        hostFolders: wish.hostFolders,
        insecure: !wish.tlsVerify,
      }),
    );
  return {
    ...rest,
    registry: () => (client ??= registry()),
    ...(wish.daemonHost === undefined ? {} : { dockerHost: wish.daemonHost }),
    ...(wish.containerd === undefined ? {} : { containerdAddress: wish.containerd }),
  };
}

/** What was given is for the place's own registry: mirrors of it, and whoever it sends us to, do not get it. */
async function sideCredentials(wish: SideWish, location: Location, env: NodeJS.ProcessEnv): Promise<CredentialSource> {
  const given = await givenCredentials(wish);
  const kept = await keptCredentials(wish.authfile, env);
  if (given === undefined) return kept;
  const own = location.medium === 'registry' ? location.reference.domain : undefined;
  return async (host) => (host === own ? given : await kept(host));
}
