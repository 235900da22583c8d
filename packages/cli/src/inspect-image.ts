import type { ImageDetail } from '@berth/wire/native/api';

/** An image in the shape of docker's inspect. */
export function imageInspection(image: ImageDetail): Readonly<Record<string, unknown>> {
  const { id, names, createdAt, architecture, os, size, config, layers, mediaType } = image;
  return {
    Id: id,
    RepoTags: names.filter((name) => !name.includes('@')),
    RepoDigests: repoDigests(names, id),
    Comment: image.history.at(-1)?.['comment'] ?? '',
    Created: createdAt,
    Author: image.history.at(-1)?.['author'] ?? '',
    Architecture: architecture,
    Os: os,
    Size: size,
    ContentSize: image.contentSize,
    Config: config,
    RootFS: { Type: 'layers', Layers: layers.map(({ diffId }) => diffId) },
    Descriptor: { mediaType, digest: id },
    ConfigDigest: image.configDigest,
    Layers: layers,
    Labels: image.labels,
    Platforms: image.platforms,
    Containers: image.containers,
    History: image.history,
  };
}

/** Docker shows each repository with the target's digest. */
function repoDigests(names: readonly string[], id: string): readonly string[] {
  const repositories = names.map((name) => name.replace(/@.*$/, '').replace(/:[^/:]*$/, ''));
  return [...new Set(repositories)].map((repository) => `${repository}@${id}`);
}
