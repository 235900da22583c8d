import type { ImageRecord } from '#store/metadata';
import { isDangling } from './labels.ts';

/** Names as Kubernetes tells them apart. */
export interface ImageNames {
  /** `docker.io/library/app:1`. */
  readonly tags: readonly string[];
  /** `docker.io/library/app@sha256:...`: every repository that the image has a name of, with the digest of its target. */
  readonly digests: readonly string[];
}

export function imageNames(records: readonly ImageRecord[]): ImageNames {
  const named = records.filter(({ name }) => !isDangling(name));
  return {
    tags: named.map(({ name }) => name).filter((name) => !name.includes('@')),
    digests: [...new Set(named.map(({ name, target }) => `${repositoryOf(name)}@${target.digest}`))],
  };
}

/** Names in the store are complete: no reference has to be read for it. */
export function repositoryOf(name: string): string {
  const [front = ''] = name.split('@');
  const colon = front.indexOf(':', front.lastIndexOf('/') + 1);
  return colon < 0 ? front : front.slice(0, colon);
}
