import type { CallContext } from '@berth/model/context';
import { BerthError, isKind } from '@berth/model/error';
import { parseReference } from '@berth/model/reference';
import type { AuthConfig } from '@berth/wire/gen/cri/v1/api_pb';
import type { CriBackend } from '../backend.ts';
import { registryCredentials } from './credentials.ts';

export interface PullRequest {
  readonly ref: string;
  readonly auth?: AuthConfig | undefined;
}

/**
 * Brings an image. Calls for the same one are one pull, which ends when the last of its clients has gone. What the
 * request says of credentials counts before the configuration.
 * @returns the image's id
 */
export async function pullImage(
  { transfers, images }: Pick<CriBackend, 'transfers' | 'images'>,
  context: CallContext,
  { ref, auth }: PullRequest,
): Promise<string> {
  const { domain, name } = parseReference(ref);
  const credentials = registryCredentials(auth, domain);
  try {
    await transfers.pull(context, ref, credentials === undefined ? {} : { credentials }, () => undefined);
  } catch (error) {
    throw pullError(error);
  }
  const image = await images.find(context, name);
  if (image !== undefined) return image.id;
  throw new BerthError('not_found', `image ${ref} was removed while it was pulled`, {
    code: 'no_such_image',
    hint: 'pull it again',
  });
}

/** kubelet knows this word at the start of a message that has no code of its own: it tells its users that the registry is away. */
function pullError(error: unknown): unknown {
  if (!isKind(error, 'unavailable')) return error;
  return new BerthError('internal', `RegistryUnavailable: ${error.message}`, {
    code: 'registry_unavailable',
    cause: error,
  });
}
