import { BerthError } from '@berth/model/error';
import type { PodContainerConfig, PodMetadata } from '@berth/model/pod-config';

/** The name of a pod's sandbox process among containers, as dockershim and CRI-O had it. One name for one `PodMetadata`. */
export function sandboxName(metadata: PodMetadata): string {
  return `k8s_POD_${podWords(metadata)}`;
}

/** The pod's attempt is in it, so that containers of two pods of the same name are told apart. */
export function containerName(pod: PodMetadata, { name, attempt }: PodContainerConfig['metadata']): string {
  return `k8s_${word(name)}_${podWords(pod)}_${attempt}`;
}

function podWords({ name, namespace, uid, attempt }: PodMetadata): string {
  return [word(name), word(namespace), word(uid), attempt].join('_');
}

/** Names of Kubernetes have no underscore; those of other clients may. */
function word(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('_', '%5F');
}

/** @throws invalid_argument (`missing_field`) */
export function checkPodMetadata({ name, namespace, uid }: PodMetadata): void {
  for (const [field, value] of Object.entries({ name, namespace, uid })) {
    if (value === '') throw missing(`config.metadata.${field}`);
  }
}

/** @throws invalid_argument (`missing_field`) */
export function checkContainerMetadata({ name }: PodContainerConfig['metadata']): void {
  if (name === '') throw missing('config.metadata.name');
}

function missing(field: string): BerthError {
  return new BerthError('invalid_argument', `${field} is required`, { code: 'missing_field' });
}
