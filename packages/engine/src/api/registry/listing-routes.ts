import type { Descriptor } from '@berth/model/manifest';
import { mediaTypes } from '@berth/model/media-type';
import type { HttpRequest, Reply, Route } from '../http/route.ts';
import type { RegistryBackend } from './backend.ts';
import { asDigest, reachOf, registryContext, repositoryCall } from './call.ts';
import { pageOf } from './page.ts';
import { foreignName } from './repository-name.ts';

/** That this is a registry, and what it has. */
export function listingRoutes(backend: RegistryBackend): Route[] {
  const here = (): Reply => ({ json: {} });
  return [
    { method: 'GET', path: '/v2/', answersHead: true, handle: here },
    { method: 'GET', path: '/v2', answersHead: true, handle: here },
    { method: 'GET', path: '/v2/_catalog', handle: (request) => catalog(backend, request) },
    { method: 'GET', path: '/v2/*name/tags/list', handle: (request) => tags(backend, request) },
    { method: 'GET', path: '/v2/*name/referrers/:digest', handle: (request) => referrers(backend, request) },
  ];
}

function catalog(backend: RegistryBackend, request: HttpRequest): Reply {
  const all = backend.registry.repositories(registryContext(backend, request));
  const isOwner = reachOf(backend, request) === 'namespace';
  const shown = isOwner ? all : all.map(foreignName).filter((name) => name !== undefined);
  const { items, headers } = pageOf(shown.toSorted(), request, '/v2/_catalog');
  return { json: { repositories: items }, headers };
}

function tags(backend: RegistryBackend, request: HttpRequest): Reply {
  const name = request.params['name'] ?? '';
  const all = backend.registry.tags(repositoryCall(backend, request));
  const { items, headers } = pageOf(all, request, `/v2/${name}/tags/list`);
  return { json: { name, tags: items }, headers };
}

async function referrers(backend: RegistryBackend, request: HttpRequest): Promise<Reply> {
  const subject = asDigest(request.params['digest'] ?? '');
  const all = await backend.registry.referrers(repositoryCall(backend, request), subject);
  const type = request.query.get('artifactType') ?? '';
  const isWanted = ({ artifactType }: Descriptor): boolean => type === '' || artifactType === type;
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: all.filter(isWanted) };
  return {
    json: index,
    headers: {
      'content-type': mediaTypes.ociIndex,
      ...(type === '' ? {} : { 'oci-filters-applied': 'artifactType' }),
    },
  };
}
