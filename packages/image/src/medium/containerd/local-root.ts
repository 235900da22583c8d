import { accessSync, constants, globSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { tolerate } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { Introspection } from '@berth/wire/gen/containerd/services/introspection/v1/introspection_pb';
import type { Channel } from '../../grpc/channel.ts';
import { blobPath } from './content.ts';

const contentType = 'io.containerd.content.v1';

/**
 * The folder of containerd's content store, when it is on this machine and may be read; its other folders are beside it.
 * A socket may lead to another machine, or into a container: that the folder is this containerd's is told by the id that
 * it made for itself and keeps in a file.
 */
export async function contentRoot(channel: Channel, signal: AbortSignal): Promise<string | undefined> {
  const filters = [`type==${contentType}`];
  const { plugins } = await channel.unary(Introspection.method.plugins, { filters }, { signal });
  const root = plugins.find(({ id, initErr }) => id === 'content' && initErr === undefined)?.exports['root'];
  if (root === undefined) return undefined;
  const { uuid } = await channel.unary(Introspection.method.server, {}, { signal });
  return uuid !== '' && localIds(dirname(root)).includes(uuid) ? root : undefined;
}

/** What a containerd with this root folder answers when it is asked for its id. */
function localIds(root: string): string[] {
  const ids: string[] = [];
  tolerate(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'], () => {
    for (const file of globSync('io.containerd.*introspection*/uuid', { cwd: root }))
      ids.push(readFileSync(`${root}/${file}`, 'utf8').trim());
  });
  return ids;
}

/** The file of a blob, when it may be read from here. */
export function localBlob(root: string | undefined, { digest, size }: Descriptor): string | undefined {
  if (root === undefined) return undefined;
  const path = blobPath(root, digest);
  const mayRead = tolerate(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'], () => accessSync(path, constants.R_OK));
  const stat = mayRead ? statSync(path, { throwIfNoEntry: false }) : undefined;
  return stat?.isFile() === true && stat.size === size ? path : undefined;
}
