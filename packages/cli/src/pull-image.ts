import { parseReference } from '@berth/model/reference';
import type { BerthClient } from '@berth/sdk/client';
import type { PullResult } from '@berth/wire/native/api';
import type { ProgressMode } from './progress/display.ts';
import { followProgress } from './progress/follow.ts';
import { type CredentialWish, registryAuth } from './registry/credentials.ts';

export interface PullWish {
  readonly ref: string;
  readonly mode: ProgressMode;
  readonly credentials: CredentialWish;
  readonly platforms?: readonly string[] | undefined;
  readonly allTags?: boolean;
}

/** Brings an image, with the user's credentials for its registry. @throws invalid_argument (`bad_reference`) */
export async function pullImage(client: BerthClient, wish: PullWish, env: NodeJS.ProcessEnv): Promise<PullResult> {
  const { ref, mode, platforms, allTags } = wish;
  // A name that is none must not reach a credential helper.
  const { domain } = parseReference(ref);
  const auth = await registryAuth(domain, wish.credentials, env);
  const events = client.images.pull(ref, { platforms, auth, ...(allTags === true ? { allTags } : {}) });
  return await followProgress(events, { mode, outcome: 'pulled' });
}

/** What docker says of a pull that went well. */
export function pullReport(ref: string, { images }: PullResult, allTags: boolean): string {
  const { path, tag, name } = parseReference(ref);
  const lines = images.map((image) => {
    const pulled = parseReference(image.name).tag;
    return `${allTags ? `${pulled ?? ''}: Pulling from ${path}\n` : ''}Digest: ${image.id}\n`;
  });
  const isNew = images.some((image) => image.isNew);
  const shown = allTags ? ref : images[0]?.name;
  const status = isNew ? 'Downloaded newer image for' : 'Image is up to date for';
  const full = allTags && tag !== undefined ? name.slice(0, -tag.length - 1) : name;
  return `${lines.join('')}Status: ${status} ${shown}\n${full}\n`;
}
