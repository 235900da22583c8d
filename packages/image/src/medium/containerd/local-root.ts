import { accessSync, constants, statSync } from 'node:fs';
import { tolerate } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { Introspection } from '@berth/wire/gen/containerd/services/introspection/v1/introspection_pb';
import type { Channel } from '../../grpc/channel.ts';
import { blobPath } from './content.ts';

const contentType = 'io.containerd.content.v1';

/** The folder of containerd's own content store; undefined when it has another one, or does not tell. */
export async function contentRoot(channel: Channel, signal: AbortSignal): Promise<string | undefined> {
  const { plugins } = await channel.unary(
    Introspection.method.plugins,
    { filters: [`type==${contentType}`] },
    { signal },
  );
  return plugins.find(({ id, initErr }) => id === 'content' && initErr === undefined)?.exports['root'];
}

/**
 * The file of a blob, when it may be read from here. containerd may be on another machine, or in a container with other
 * folders: a file of the same name and size is one whose digest whoever reads it verifies.
 */
export function localBlob(root: string | undefined, { digest, size }: Descriptor): string | undefined {
  if (root === undefined) return undefined;
  const path = blobPath(root, digest);
  const isThere = tolerate(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'], () => {
    accessSync(path, constants.R_OK);
    statSync(path);
  });
  if (!isThere) return undefined;
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size === size ? path : undefined;
}
