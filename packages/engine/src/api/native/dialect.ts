import { apiPrefix, type ApiError } from '@berth/wire/native/api';
import type { BerthError } from '@berth/model/error';
import { backgroundContext, type CallContext, type Log, withSignal } from '@berth/model/context';
import type { ContainerService, ExecService } from '#service/container/contract';
import type { ContainerInsight } from '#service/insight/contract';
import type { Events } from '#service/event/contract';
import type { ImageService } from '#service/image/contract';
import type { SystemService } from '#service/system/contract';
import type { HttpRequest, Route } from '../http/route.ts';
import { containerRoutes } from './container-routes.ts';
import { execRoutes } from './exec-routes.ts';
import { imageRoutes } from './image-routes.ts';
import { insightRoutes } from './insight-routes.ts';
import { systemRoutes } from './system-routes.ts';

/** The slice of the engine that Berth's own API needs. */
export interface NativeBackend {
  readonly containers: ContainerService;
  readonly execs: ExecService;
  readonly insight: ContainerInsight;
  readonly images: ImageService;
  readonly system: SystemService;
  readonly events: Events;
  readonly log: Log;
  /** Where bodies that must be files are kept while they are read. */
  readonly scratch: string;
}

export function nativeRoutes(backend: NativeBackend): Route[] {
  const routes = [
    ...systemRoutes(backend),
    ...imageRoutes(backend),
    ...containerRoutes(backend),
    ...insightRoutes(backend),
    ...execRoutes(backend),
  ];
  return routes.map((route) => ({ ...route, path: `${apiPrefix}${route.path}` }));
}

export function nativeErrorBody(error: BerthError): { readonly error: ApiError } {
  return { error: apiError(error) };
}

export function apiError(error: BerthError): ApiError {
  const { kind, code, message, hint } = error;
  return hint === undefined ? { kind, code, message } : { kind, code, message, hint };
}

/** This API works in one namespace; the other doors bring their own. */
export function callContext(backend: { readonly log: Log }, request: HttpRequest): CallContext {
  return withSignal(backgroundContext(backend.log), request.signal);
}
