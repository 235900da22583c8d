import { create } from '@bufbuild/protobuf';
import { parseDigest } from '@berth/model/digest';
import { BerthError, isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { isReference, parseReference } from '@berth/model/reference';
import { Images } from '@berth/wire/gen/containerd/services/images/v1/images_pb';
import { Namespaces } from '@berth/wire/gen/containerd/services/namespaces/v1/namespace_pb';
import { type Descriptor as WireDescriptor, DescriptorSchema } from '@berth/wire/gen/containerd/types/descriptor_pb';
import type { Channel } from '../../grpc/channel.ts';
import type { ContainerdPlace } from './connect.ts';

/** What a name of containerd points at. */
export interface NamedImage {
  /** As containerd has it. */
  readonly name: string;
  readonly target: Descriptor;
}

/** The full form of a name, where it has one: `box` is `docker.io/library/box:latest`, as for ctr's users and kubelet. */
export function fullName(name: string): string {
  return isReference(name) ? parseReference(name).name : name;
}

/**
 * The image of this name: exactly this one, else its full form.
 * @throws not_found (`no_such_image`), which says where there is one
 */
export async function findImage(channel: Channel, place: ContainerdPlace, signal: AbortSignal): Promise<NamedImage> {
  for (const name of new Set([place.name, fullName(place.name)])) {
    const target = await getTarget(channel, name, { signal });
    if (target !== undefined) return { name, target };
  }
  throw new BerthError('not_found', `containerd has no image '${place.name}' in the namespace ${place.namespace}`, {
    code: 'no_such_image',
    hint: await whereElse(channel, place, signal),
  });
}

/** What the name points at; undefined when there is no such name. `namespace`: another than the channel's. */
export async function getTarget(
  channel: Channel,
  name: string,
  { signal, namespace }: { readonly signal: AbortSignal; readonly namespace?: string },
): Promise<Descriptor | undefined> {
  const metadata: Record<string, string> = namespace === undefined ? {} : { 'containerd-namespace': namespace };
  try {
    const { image } = await channel.unary(Images.method.get, { name }, { signal, metadata });
    return image?.target === undefined ? undefined : descriptorFrom(image.target);
  } catch (error) {
    if (isKind(error, 'not_found')) return undefined;
    throw error;
  }
}

async function whereElse(channel: Channel, { name, namespace }: ContainerdPlace, signal: AbortSignal): Promise<string> {
  const { namespaces } = await channel.unary(Namespaces.method.list, {}, { signal });
  const full = fullName(name);
  for (const other of namespaces) {
    if (other.name === namespace) continue;
    if ((await getTarget(channel, full, { signal, namespace: other.name })) !== undefined)
      return `the namespace ${other.name} has it: containerd://${other.name}/${name}`;
  }
  return `ctr --namespace ${namespace} images ls shows those that are there`;
}

function descriptorFrom({ mediaType, digest, size, annotations }: WireDescriptor): Descriptor {
  const own = { mediaType, digest: parseDigest(digest), size: Number(size) };
  return Object.keys(annotations).length === 0 ? own : { ...own, annotations };
}

export function wireDescriptor({ mediaType, digest, size, annotations = {} }: Descriptor): WireDescriptor {
  return create(DescriptorSchema, { mediaType, digest, size: BigInt(size), annotations: { ...annotations } });
}
