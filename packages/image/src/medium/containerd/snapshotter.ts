import { isKind } from '@berth/model/error';
import { Introspection } from '@berth/wire/gen/containerd/services/introspection/v1/introspection_pb';
import { Namespaces } from '@berth/wire/gen/containerd/services/namespaces/v1/namespace_pb';
import type { Channel } from '../../grpc/channel.ts';
import { defaultSnapshotterLabel } from './labels.ts';

const pluginType = 'io.containerd.snapshotter.v1';

/**
 * Which snapshotter an image is unpacked for when nobody says: the namespace's own, that of ctr's environment, else
 * overlayfs, or native where the kernel or the file system refuses overlayfs.
 */
export async function defaultSnapshotter(channel: Channel, namespace: string, signal: AbortSignal): Promise<string> {
  const chosen = (await namespaceLabels(channel, namespace, signal))[defaultSnapshotterLabel];
  const named = chosen ?? process.env['CONTAINERD_SNAPSHOTTER'];
  if (named !== undefined && named !== '') return named;
  const { plugins } = await channel.unary(
    Introspection.method.plugins,
    { filters: [`type==${pluginType}`] },
    { signal },
  );
  const overlay = plugins.find(({ id }) => id === 'overlayfs');
  return overlay?.initErr === undefined ? 'overlayfs' : 'native';
}

async function namespaceLabels(channel: Channel, name: string, signal: AbortSignal): Promise<Record<string, string>> {
  try {
    return (await channel.unary(Namespaces.method.get, { name }, { signal })).namespace?.labels ?? {};
  } catch (error) {
    // It is made by the first thing that is put into it.
    if (isKind(error, 'not_found')) return {};
    throw error;
  }
}
