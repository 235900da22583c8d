import { backgroundContext, type CallContext, withSignal } from '@berth/model/context';
import { type Digest, isDigest } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import type { ManifestReference, RepositoryCall } from '#service/registry/contract';
import type { HttpRequest } from '../http/route.ts';
import type { RegistryBackend } from './backend.ts';
import { repositoryName } from './repository-name.ts';

/** Headers of our own, for the owner's door. */
export const ownHeaders = {
  /** `default` when absent. */
  namespace: 'berth-namespace',
  /** `repository`: answer as to strangers. `berth serve` asks for those that it lets in. */
  reach: 'berth-reach',
  /** On the start of an upload with `mount`: go on with what there is of that blob. */
  resume: 'berth-resume',
  /** In answers: how many bytes an upload has. `Range` cannot say none. */
  offset: 'berth-offset',
} as const;

const namespaceGrammar = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;
const longestNamespace = 76;

/** @throws invalid_argument (`bad_namespace`) */
export function registryContext({ door, log }: RegistryBackend, request: HttpRequest): CallContext {
  const namespace = door.for === 'strangers' ? door.namespace : (header(request, ownHeaders.namespace) ?? 'default');
  if (namespace.length > longestNamespace || !namespaceGrammar.test(namespace)) {
    throw new BerthError('invalid_argument', `'${namespace.slice(0, 100)}' is no namespace`, { code: 'bad_namespace' });
  }
  return withSignal(backgroundContext(log, namespace), request.signal);
}

export function reachOf({ door }: RegistryBackend, request: HttpRequest): RepositoryCall['reach'] {
  return door.for === 'strangers' || header(request, ownHeaders.reach) === 'repository' ? 'repository' : 'namespace';
}

/** @throws invalid_argument (`bad_reference`, `bad_namespace`) */
export function repositoryCall(backend: RegistryBackend, request: HttpRequest): RepositoryCall {
  const repository = repositoryName(request.params['name'] ?? '', request.query.get('ns') ?? undefined);
  return { context: registryContext(backend, request), repository, reach: reachOf(backend, request) };
}

/** As `repositoryCall`, for what only the owner may do. @throws permission_denied */
export function ownerCall(backend: RegistryBackend, request: HttpRequest): RepositoryCall {
  const call = repositoryCall(backend, request);
  if (call.reach === 'namespace') return call;
  throw new BerthError('permission_denied', 'this registry is only read', { code: 'read_only' });
}

/** A tag or a digest. @throws invalid_argument (`bad_digest`, `bad_tag`) */
export function manifestReference(request: HttpRequest): ManifestReference {
  const text = request.params['reference'] ?? '';
  if (text.includes(':')) return { digest: asDigest(text) };
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(text)) return { tag: text };
  throw new BerthError('invalid_argument', `'${text.slice(0, 150)}' is no tag`, { code: 'bad_tag' });
}

/** @throws invalid_argument (`bad_digest`) */
export function asDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new BerthError('invalid_argument', `'${text.slice(0, 150)}' is no digest`, { code: 'bad_digest' });
}

export function header(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
