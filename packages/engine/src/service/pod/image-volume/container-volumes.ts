import type { CallContext } from '@berth/model/context';
import type { PodConfig, PodContainerConfig } from '@berth/model/pod-config';
import { podUserMaps } from '../spec/user-namespace.ts';
import type { ImageVolume, ImageVolumes } from './contract.ts';

interface VolumesOf {
  readonly podId: string;
  /** The sandbox's process. */
  readonly podPid: number;
  readonly pod: PodConfig;
  readonly config: PodContainerConfig;
}

/** Mounts the images that a container wants as volumes; by their index among its mounts. @throws as `ImageVolumes.mount` */
export async function containerVolumes(
  volumes: ImageVolumes,
  context: CallContext,
  { podId, podPid, pod, config }: VolumesOf,
): Promise<ReadonlyMap<number, ImageVolume>> {
  const maps = podUserMaps(pod, { userNamespaces: true });
  const mapped = maps === undefined ? {} : { maps: { ...maps, path: `/proc/${podPid}/ns/user` } };
  const mounted = new Map<number, ImageVolume>();
  for (const [index, { image, imageSubPath: subPath }] of config.mounts.entries()) {
    if (image === undefined) continue;
    const request = { podId, image: image.image, subPath, field: `mounts[${index}]`, ...mapped };
    mounted.set(index, await volumes.mount(context, request));
  }
  return mounted;
}
