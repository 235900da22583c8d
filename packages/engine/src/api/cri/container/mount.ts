import type { PodMount } from '@berth/model/pod-config';
import * as wire from '@berth/wire/gen/cri/v1/api_pb';
import type { PodMountStatus } from '#service/pod/contract';
import { badField, choice, requiredText, text } from '../field.ts';
import { idRanges } from '../pod/namespaces.ts';
import { imageChoice, imageSpec } from './image-choice.ts';

const propagations = {
  [wire.MountPropagation.PROPAGATION_PRIVATE]: 'private',
  [wire.MountPropagation.PROPAGATION_HOST_TO_CONTAINER]: 'host-to-container',
  [wire.MountPropagation.PROPAGATION_BIDIRECTIONAL]: 'bidirectional',
} as const;

/** @throws invalid_argument naming the field */
export function podMount(mount: wire.Mount, path: string): PodMount {
  const { readonly, recursiveReadOnly: recursiveReadonly, selinuxRelabel } = mount;
  const propagation = choice(mount.propagation, propagations, `${path}.propagation`);
  if (recursiveReadonly && !(readonly && propagation === 'private'))
    throw badField(`${path}.recursive_read_only`, 'needs readonly, and private propagation');
  return {
    containerPath: requiredText(mount.containerPath, `${path}.container_path`),
    readonly,
    recursiveReadonly,
    selinuxRelabel,
    propagation,
    uidMappings: idRanges(mount.uidMappings),
    gidMappings: idRanges(mount.gidMappings),
    ...source(mount, path),
  };
}

/** A folder or file of the host; or an image, which nobody can write to. kubelet sends an empty one with every other mount. */
function source(mount: wire.Mount, path: string): Pick<PodMount, 'hostPath' | 'image' | 'imageSubPath'> {
  const { hostPath, imageSubPath } = mount;
  if (mount.image === undefined || mount.image.image === '')
    return { hostPath: requiredText(hostPath, `${path}.host_path`), imageSubPath };
  if (hostPath !== '') throw badField(`${path}.host_path`, 'must be empty when an image is mounted');
  if (!mount.readonly) throw badField(`${path}.readonly`, 'must be true when an image is mounted');
  return {
    hostPath,
    image: imageChoice(mount.image, `${path}.image`),
    imageSubPath: text(imageSubPath, `${path}.image_sub_path`),
  };
}

const propagationOf: Readonly<Record<PodMount['propagation'], wire.MountPropagation>> = {
  private: wire.MountPropagation.PROPAGATION_PRIVATE,
  'host-to-container': wire.MountPropagation.PROPAGATION_HOST_TO_CONTAINER,
  bidirectional: wire.MountPropagation.PROPAGATION_BIDIRECTIONAL,
};

/** The way back. An image volume is told with the digest of what was mounted. */
export function mountMessage(mount: PodMountStatus) {
  const { image, imageDigest } = mount;
  return {
    containerPath: mount.containerPath,
    hostPath: mount.hostPath,
    readonly: mount.readonly,
    recursiveReadOnly: mount.recursiveReadonly,
    selinuxRelabel: mount.selinuxRelabel,
    propagation: propagationOf[mount.propagation],
    uidMappings: [...mount.uidMappings],
    gidMappings: [...mount.gidMappings],
    imageSubPath: mount.imageSubPath,
    ...(image === undefined
      ? {}
      : { image: { ...imageSpec(image), ...(imageDigest === undefined ? {} : { imageRef: imageDigest }) } }),
  };
}
