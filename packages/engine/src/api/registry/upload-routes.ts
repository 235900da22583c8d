import { BerthError, isKind } from '@berth/model/error';
import type { RepositoryCall, Upload, UploadPart } from '#service/registry/contract';
import type { HttpRequest, Reply, ReplyHeaders, Route } from '../http/route.ts';
import type { RegistryBackend } from './backend.ts';
import { rangeOf, uploadSpan } from './byte-range.ts';
import { asDigest, header, ownerCall, ownHeaders } from './call.ts';
import { registryErrorBody } from './error.ts';

const path = '/v2/*name/blobs/uploads/:id';

/** How blobs come: at once, in one stream, in parts, or from what is here already. */
export function uploadRoutes(backend: RegistryBackend): Route[] {
  return [
    { method: 'POST', path: '/v2/*name/blobs/uploads/', handle: (request) => start(backend, request) },
    { method: 'GET', path, handle: (request) => status(backend, request) },
    { method: 'PATCH', path, handle: (request) => append(backend, request) },
    { method: 'PUT', path, handle: (request) => finish(backend, request) },
    { method: 'DELETE', path, handle: (request) => cancel(backend, request) },
  ];
}

async function start(backend: RegistryBackend, request: HttpRequest): Promise<Reply> {
  const { uploads } = backend.registry;
  const call = ownerCall(backend, request);
  const mount = request.query.get('mount') ?? '';
  if (mount !== '') {
    const digest = asDigest(mount);
    if (await uploads.mount(call, digest)) return stored(request, digest);
    const resumes = header(request, ownHeaders.resume) !== undefined;
    return accepted(request, await uploads.start(call, resumes ? digest : undefined));
  }
  const whole = request.query.get('digest') ?? '';
  if (whole === '') return accepted(request, await uploads.start(call));
  const digest = asDigest(whole);
  const { id } = await uploads.start(call);
  try {
    await uploads.append(call, id, { bytes: request.body });
    await uploads.finish(call, id, digest);
  } catch (error) {
    await uploads.cancel(call, id).catch(ignoreGone);
    throw error;
  }
  return stored(request, digest);
}

/** The store has dropped it already. */
function ignoreGone(error: unknown): void {
  if (!isKind(error, 'not_found')) throw error;
}

async function status(backend: RegistryBackend, request: HttpRequest): Promise<Reply> {
  const upload = await backend.registry.uploads.find(ownerCall(backend, request), uploadId(request));
  return { status: 204, headers: uploadHeaders(request, upload) };
}

async function append(backend: RegistryBackend, request: HttpRequest): Promise<Reply> {
  const call = ownerCall(backend, request);
  return await atOffset(backend, request, call, async () =>
    accepted(request, await backend.registry.uploads.append(call, uploadId(request), partOf(request))),
  );
}

async function finish(backend: RegistryBackend, request: HttpRequest): Promise<Reply> {
  const { uploads } = backend.registry;
  const call = ownerCall(backend, request);
  const digest = asDigest(request.query.get('digest') ?? '');
  return await atOffset(backend, request, call, async () => {
    await uploads.append(call, uploadId(request), partOf(request));
    await uploads.finish(call, uploadId(request), digest);
    return stored(request, digest);
  });
}

async function cancel(backend: RegistryBackend, request: HttpRequest): Promise<Reply> {
  await backend.registry.uploads.cancel(ownerCall(backend, request), uploadId(request));
  return { status: 204 };
}

/** A part for another place than the upload is at is told where that is. */
async function atOffset(
  backend: RegistryBackend,
  request: HttpRequest,
  call: RepositoryCall,
  action: () => Promise<Reply>,
): Promise<Reply> {
  try {
    return await action();
  } catch (error) {
    if (!isKind(error, 'out_of_range')) throw error;
    const upload = await backend.registry.uploads.find(call, uploadId(request));
    return { json: registryErrorBody(error), status: 416, headers: uploadHeaders(request, upload) };
  }
}

function partOf(request: HttpRequest): UploadPart {
  const span = uploadSpan(header(request, 'content-range'));
  if (span === undefined) return { bytes: request.body };
  const length = span.last - span.first + 1;
  const sent = header(request, 'content-length');
  if (sent !== undefined && Number(sent) !== length) {
    throw new BerthError('invalid_argument', `the part has ${sent} bytes, its range ${length}`, {
      code: 'size_mismatch',
    });
  }
  return { bytes: request.body, offset: span.first, length };
}

function uploadId(request: HttpRequest): string {
  return request.params['id'] ?? '';
}

function accepted(request: HttpRequest, upload: Upload): Reply {
  return { status: 202, headers: { ...uploadHeaders(request, upload), 'content-length': '0' } };
}

function uploadHeaders(request: HttpRequest, { id, offset }: Upload): ReplyHeaders {
  return {
    location: `/v2/${request.params['name']}/blobs/uploads/${id}${namespaceQuery(request)}`,
    range: rangeOf(offset),
    'docker-upload-uuid': id,
    [ownHeaders.offset]: String(offset),
  };
}

function namespaceQuery(request: HttpRequest): string {
  const ns = request.query.get('ns') ?? '';
  return ns === '' ? '' : `?ns=${encodeURIComponent(ns)}`;
}

function stored(request: HttpRequest, digest: string): Reply {
  return {
    status: 201,
    headers: {
      location: `/v2/${request.params['name']}/blobs/${digest}`,
      'docker-content-digest': digest,
      'content-length': '0',
    },
  };
}
