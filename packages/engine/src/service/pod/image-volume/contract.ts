import type { CallContext } from '@berth/model/context';
import type { IdMapping } from '@berth/model/runtime-spec';

/**
 * Images mounted into containers as volumes: one read-only mount on the host for each pod and image, which all of the
 * pod's containers share. The image's layers are kept as long as the mount, also when the image is removed.
 */
export interface ImageVolumes {
  /**
   * Mounts it where it is not yet. The image must be here.
   * @throws not_found (`no_such_image`), invalid_argument (`bad_sub_path`) naming the field
   */
  mount(context: CallContext, request: ImageVolumeRequest): Promise<ImageVolume>;
  /** Unmounts all of a pod, whose containers have ended. None is success. */
  release(context: CallContext, podId: string): Promise<void>;
  /** After a crash: those of pods that nobody knows any more. */
  sweep(isKnown: (podId: string) => boolean): Promise<void>;
}

export interface ImageVolumeRequest {
  readonly podId: string;
  /** An image id or any reference. */
  readonly image: string;
  /** Below the image's root; empty: all of it. */
  readonly subPath: string;
  /** Which mount of the container it is for, `mounts[1]`. */
  readonly field: string;
  /** With a user namespace: its maps, and where it is. */
  readonly maps?: {
    readonly uidMappings: readonly IdMapping[];
    readonly gidMappings: readonly IdMapping[];
    readonly path: string;
  };
}

export interface ImageVolume {
  /** On the host, free of links. */
  readonly path: string;
  /** Of the image's target. */
  readonly digest: string;
}
