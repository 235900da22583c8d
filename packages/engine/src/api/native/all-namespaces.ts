import type { CallContext } from '@berth/model/context';
import { BerthError, isKind } from '@berth/model/error';
import { namespaceHeader } from '@berth/wire/native/api';
import type { HttpRequest } from '../http/route.ts';
import { callContext, type NativeBackend } from './backend.ts';

/** A request about one namespace if it names one; else about `default`, and about all others after it. */
export function contexts(backend: Pick<NativeBackend, 'log' | 'namespaces'>, request: HttpRequest): CallContext[] {
  const own = callContext(backend, request);
  if (request.headers[namespaceHeader] !== undefined) return [own];
  const others = backend.namespaces.list(own).filter(({ name }) => name !== own.namespace);
  return [own, ...others.map(({ name }) => ({ ...own, namespace: name }))];
}

/** Characters of an id that are typed or copied on purpose; `berth ps` shows so many. */
const meantId = 12;

/**
 * The context in which a container is found: what kubelet has made is in a namespace of its own, and people need not know
 * it. Where there is none, that of the request, so that the service says so. In the others a few characters are no id: a
 * `berth rm -f db` for which there is nothing must not find one of kubelet's containers whose id happens to begin so.
 * @throws invalid_argument (`ambiguous_id`)
 */
export function contextOf(backend: NativeBackend, request: HttpRequest, ref: string): CallContext {
  const [own, ...others] = contexts(backend, request);
  if (own === undefined) throw new RangeError('a request has a namespace');
  if (others.length === 0 || has(backend, own, ref)) return own;
  const found = others.filter((context) => has(backend, context, ref) && isMeant(backend, context, ref));
  if (found.length < 2) return found[0] ?? own;
  throw new BerthError('invalid_argument', `several containers are called ${ref}`, {
    code: 'ambiguous_id',
    hint: `say which: berth --namespace ${found.map(({ namespace }) => namespace).join('|')} …`,
  });
}

/** By its name, or by enough of its id. */
function isMeant(backend: NativeBackend, context: CallContext, ref: string): boolean {
  return ref.length >= meantId || backend.containers.inspect(context, ref).name === ref.replace(/^\//, '');
}

function has(backend: NativeBackend, context: CallContext, ref: string): boolean {
  try {
    backend.containers.inspect(context, ref);
    return true;
  } catch (error) {
    if (isKind(error, 'not_found')) return false;
    throw error;
  }
}
