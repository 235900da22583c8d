import type { CallContext } from '@berth/model/context';
import { BerthError, isKind } from '@berth/model/error';
import type * as wire from '@berth/wire/native/api';
import type { PodContainerView, PodView } from '#service/pod/contract';
import type { HttpRequest, Reply, Route } from '../http/route.ts';
import { contexts } from './all-namespaces.ts';
import type { NativeBackend } from './backend.ts';
import { flag } from './body.ts';
import { podFilter } from './pod-filter.ts';
import { podDetail, podSummary } from './pod-view.ts';

/** Pods: looked at, stopped and removed. They are made over the CRI. */
export function podRoutes(backend: NativeBackend): Route[] {
  const { pods } = backend;
  return [
    { method: 'GET', path: '/pods', handle: (request) => ({ json: listPods(backend, request) }) },
    on(backend, 'GET', '', ({ context, pod }) => {
      const members = backend.podContainers.list(context, { podId: pod.id });
      const views = members.map(({ id }) => backend.containers.inspect(context, id));
      return { json: podDetail(pod, members, views) };
    }),
    on(backend, 'POST', '/stop', async ({ context, pod }) => {
      await pods.stop(context, pod.id);
      return { status: 204 };
    }),
    on(backend, 'DELETE', '', async ({ context, pod }, request) => {
      if (pod.state === 'ready' && !flag(request, 'force')) throw stillRunning(pod);
      await pods.remove(context, pod.id);
      return { status: 204 };
    }),
  ];
}

interface Target {
  readonly context: CallContext;
  readonly pod: PodView;
}

type Act = (target: Target, request: HttpRequest) => Promise<Reply> | Reply;

function on(backend: NativeBackend, method: 'GET' | 'POST' | 'DELETE', rest: string, act: Act): Route {
  return {
    method,
    path: `/pods/:ref${rest}`,
    handle: async (request) => await act(targetOf(backend, request), request),
  };
}

/** Newest first. */
function listPods(backend: NativeBackend, request: HttpRequest): readonly wire.PodSummary[] {
  const wanted = podFilter(request.query.getAll('filter'));
  const found = contexts(backend, request).flatMap((context) => {
    const pods = backend.pods.list(context).filter(wanted);
    const members = pods.length === 0 ? new Map() : membersByPod(backend.podContainers.list(context));
    return pods.map((pod) => ({ pod, members: members.get(pod.id) ?? [] }));
  });
  const sorted = found.toSorted((a, b) => b.pod.createdAt - a.pod.createdAt);
  return sorted.map(({ pod, members }) => podSummary(pod, members));
}

function membersByPod(views: readonly PodContainerView[]): ReadonlyMap<string, readonly PodContainerView[]> {
  return Map.groupBy(views, ({ podId }) => podId);
}

/** By id, by the start of an id, or by its name when only one has it. @throws not_found, invalid_argument */
function targetOf(backend: NativeBackend, request: HttpRequest): Target {
  const ref = request.params['ref'] ?? '';
  const found = contexts(backend, request).flatMap((context) => lookUp(backend, context, ref));
  const [target] = found;
  if (target === undefined)
    throw new BerthError('not_found', `no such pod: ${ref}`, { code: 'no_such_pod', hint: "see 'berth pods'" });
  if (found.length === 1) return target;
  throw new BerthError('invalid_argument', `several pods are called ${ref}`, {
    code: 'ambiguous_id',
    hint: 'give its id, or the start of that',
  });
}

function lookUp(backend: NativeBackend, context: CallContext, ref: string): Target[] {
  const named = backend.pods.list(context).filter(({ config }) => config.metadata.name === ref);
  if (named.length > 0) return named.map((pod) => ({ context, pod }));
  try {
    return [{ context, pod: backend.pods.inspect(context, ref) }];
  } catch (error) {
    if (isKind(error, 'not_found')) return [];
    throw error;
  }
}

function stillRunning({ id, config }: PodView): BerthError {
  const short = id.slice(0, 12);
  return new BerthError('failed_precondition', `pod ${config.metadata.name} (${short}) is running`, {
    code: 'still_running',
    hint: `stop it first (berth pod stop ${short}), or remove it with --force`,
  });
}
