import { BerthError } from '@berth/model/error';
import { maxManifestSize } from '@berth/model/manifest';
import { readWhole } from '../http/request.ts';
import type { HttpRequest, Reply, Route } from '../http/route.ts';
import type { RegistryBackend } from './backend.ts';
import { header, manifestReference, ownerCall, repositoryCall } from './call.ts';
import { etagOf, isUnchanged } from './entity-tag.ts';

const path = '/v2/*name/manifests/:reference';

export function manifestRoutes(backend: RegistryBackend): Route[] {
  return [
    { method: 'GET', path, answersHead: true, handle: (request) => getManifest(backend, request) },
    { method: 'PUT', path, handle: (request) => putManifest(backend, request) },
    { method: 'DELETE', path, handle: (request) => deleteManifest(backend, request) },
  ];
}

async function getManifest(backend: RegistryBackend, request: HttpRequest): Promise<Reply> {
  const call = repositoryCall(backend, request);
  const { descriptor, bytes } = await backend.registry.manifest(call, manifestReference(request));
  const { digest, mediaType } = descriptor;
  const headers = { 'docker-content-digest': digest, etag: etagOf(digest) };
  if (isUnchanged(request, digest)) return { status: 304, headers };
  return {
    bytes: once(bytes),
    contentType: mediaType,
    headers: { ...headers, 'content-length': String(bytes.length) },
  };
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

async function putManifest(backend: RegistryBackend, request: HttpRequest): Promise<Reply> {
  const call = ownerCall(backend, request);
  const reference = manifestReference(request);
  const mediaType = (header(request, 'content-type') ?? '').split(';', 1)[0]?.trim() ?? '';
  const bytes = await readWhole(request.body, maxManifestSize);
  if (bytes.length === 0) throw new BerthError('invalid_argument', 'the manifest is empty', { code: 'bad_manifest' });
  const { digest, subject } = await backend.registry.putManifest(call, reference, { mediaType, bytes });
  return {
    status: 201,
    headers: {
      location: `/v2/${request.params['name']}/manifests/${digest}`,
      'docker-content-digest': digest,
      'content-length': '0',
      ...(subject === undefined ? {} : { 'oci-subject': subject }),
    },
  };
}

async function deleteManifest(backend: RegistryBackend, request: HttpRequest): Promise<Reply> {
  await backend.registry.removeManifest(ownerCall(backend, request), manifestReference(request));
  return { status: 202, headers: { 'content-length': '0' } };
}
