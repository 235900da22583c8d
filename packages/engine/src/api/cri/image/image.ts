import { isReference, parseReference } from '@berth/model/reference';
import type { HostImage } from '#service/image/contract';

/** What an image looks like depends on. */
export interface ImageLook {
  /** Pinned: kubelet must not collect it. Empty: there is none. */
  readonly pauseImage: string;
}

/** containerd's label of an image that is to stay. */
const pinnedLabel = 'io.cri-containerd.pinned';

export function imageItem(image: HostImage, look: ImageLook) {
  const { id, tags, repoDigests, size } = image;
  return {
    id,
    repoTags: [...tags],
    repoDigests: [...repoDigests],
    size: BigInt(size),
    ...imageUser(image.user),
    spec: { image: id },
    pinned: isPinned(image, look),
  };
}

/** For `crictl inspecti`. */
export async function imageInfo({ chainId, config, labels }: HostImage): Promise<Record<string, string>> {
  return { info: JSON.stringify({ chainID: chainId, labels, imageSpec: await config() }) };
}

/** Who the image's program runs as: a number, or a name that only its own files explain; never both. */
export function imageUser(user: string): { uid?: { value: bigint }; username?: string } {
  const [name = ''] = user.split(':');
  if (name === '') return {};
  return /^\d{1,18}$/.test(name) ? { uid: { value: BigInt(name) } } : { username: name };
}

function isPinned({ tags, repoDigests, labels }: HostImage, { pauseImage }: ImageLook): boolean {
  if (labels[pinnedLabel] === 'pinned') return true;
  if (!isReference(pauseImage)) return false;
  const { name } = parseReference(pauseImage);
  return tags.includes(name) || repoDigests.includes(name);
}
