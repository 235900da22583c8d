import type { PodConfig } from '@berth/model/pod-config';
import type { PodAttachment } from '../network/contract.ts';
import type { PodEntry } from './entry.ts';

/** Whether the pod has no network of its own. */
export function isInHostNetwork({ security }: PodConfig): boolean {
  return security.namespaces.network === 'node';
}

/** Whether the pod's process makes the pod's network namespace, which its user namespace must own. */
export function isInUserNamespace({ security }: PodConfig): boolean {
  return security.namespaces.user?.mode === 'pod';
}

export function attachmentOf({ id, record }: PodEntry): PodAttachment {
  const { config, netns } = record;
  const { metadata, portMappings, annotations, dns, cgroupParent } = config;
  return {
    podId: id,
    podName: metadata.name,
    podNamespace: metadata.namespace,
    podUid: metadata.uid,
    netns,
    portMappings,
    annotations,
    ...(dns === undefined ? {} : { dns }),
    cgroupParent,
  };
}
