import type { StoredBlob } from '#service/registry/contract';
import type { HttpRequest, Reply, Route } from '../http/route.ts';
import type { RegistryBackend } from './backend.ts';
import { wantedSpan } from './byte-range.ts';
import { asDigest, header, repositoryCall } from './call.ts';
import { etagOf, isSameContent, isUnchanged } from './entity-tag.ts';

const contentType = 'application/octet-stream';

/** Blobs, whole and in parts. They cannot be deleted: they go when nothing needs them. */
export function blobRoutes(backend: RegistryBackend): Route[] {
  return [
    {
      method: 'GET',
      path: '/v2/*name/blobs/:digest',
      answersHead: true,
      handle: async (request) => {
        const digest = asDigest(request.params['digest'] ?? '');
        return blobReply(request, await backend.registry.blob(repositoryCall(backend, request), digest));
      },
    },
  ];
}

function blobReply(request: HttpRequest, blob: StoredBlob): Reply {
  const { digest, size } = blob;
  const headers = { 'docker-content-digest': digest, etag: etagOf(digest), 'accept-ranges': 'bytes' };
  if (isUnchanged(request, digest)) return { status: 304, headers };
  const span = isSameContent(request, digest) ? wantedSpan(header(request, 'range'), size) : undefined;
  if (span === 'none') {
    return { status: 416, headers: { ...headers, 'content-range': `bytes */${size}`, 'content-length': '0' } };
  }
  if (span === undefined) {
    return { bytes: blob.read(), contentType, headers: { ...headers, 'content-length': String(size) } };
  }
  const { first, last } = span;
  const length = last - first + 1;
  return {
    status: 206,
    bytes: blob.read({ offset: first, length }),
    contentType,
    headers: { ...headers, 'content-length': String(length), 'content-range': `bytes ${first}-${last}/${size}` },
  };
}
