import type { PodConfig, PodContainerConfig, StringMap } from '@berth/model/pod-config';

/**
 * What runtimes other than our own look for in a spec: virtual machines and sandboxed kernels tell by these which
 * container belongs to which pod. The words are containerd's (pkg/cri/annotations), because the runtimes know those.
 */
export function sandboxAnnotations(id: string, { metadata }: PodConfig): StringMap {
  const { name, namespace, uid } = metadata;
  return {
    'io.kubernetes.cri.container-type': 'sandbox',
    'io.kubernetes.cri.sandbox-id': id,
    'io.kubernetes.cri.sandbox-name': name,
    'io.kubernetes.cri.sandbox-namespace': namespace,
    'io.kubernetes.cri.sandbox-uid': uid,
  };
}

export function containerAnnotations(podId: string, pod: PodConfig, config: PodContainerConfig): StringMap {
  return {
    ...sandboxAnnotations(podId, pod),
    'io.kubernetes.cri.container-type': 'container',
    'io.kubernetes.cri.container-name': config.metadata.name,
    'io.kubernetes.cri.image-name': config.image.userSpecified || config.image.image,
  };
}
