import { BerthError } from '@berth/model/error';
import { parseReference } from '@berth/model/reference';
import { isDangling } from '#service/image/labels';
import type { ImageRecord } from '#store/metadata';
import type { RegistryParts } from './backend.ts';
import type { RepositoryCall } from './contract.ts';

/** The images that a repository has; none when there is no such repository. */
export function repositoryImages(
  { metadata }: Pick<RegistryParts, 'metadata'>,
  { context, repository }: RepositoryCall,
): ImageRecord[] {
  return metadata.read((tx) => tx.images.ofRepository(context.namespace, repository));
}

export function repositoryNames(images: readonly ImageRecord[]): string[] {
  const names = images.filter(({ name }) => !isDangling(name)).map(({ name }) => parseReference(name));
  return [...new Set(names.map(({ domain, path }) => `${domain}/${path}`))].toSorted();
}

/** The tags among the names of a repository's images; others are of digests. @throws not_found (`no_such_repository`) */
export function repositoryTags(parts: RegistryParts, call: RepositoryCall): string[] {
  const { repository } = call;
  const images = repositoryImages(parts, call);
  if (images.length === 0) {
    throw new BerthError('not_found', `there is no image of the repository ${repository}`, {
      code: 'no_such_repository',
    });
  }
  const ends = images.map(({ name }) => name.slice(repository.length));
  return ends
    .filter((end) => end.startsWith(':') && !end.includes('@'))
    .map((end) => end.slice(1))
    .toSorted();
}
