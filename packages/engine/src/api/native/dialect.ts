import { apiPrefix } from '@berth/wire/native/api';
import type { Dialect } from '../http/route.ts';
import { nativeErrorBody } from './api-error.ts';
import type { NativeBackend } from './backend.ts';
import { containerRoutes } from './container-routes.ts';
import { execRoutes } from './exec-routes.ts';
import { imageRoutes } from './image-routes.ts';
import { insightRoutes } from './insight-routes.ts';
import { podRoutes } from './pod-routes.ts';
import { storageRoutes } from './storage-routes.ts';
import { systemRoutes } from './system-routes.ts';
import { transferRoutes } from './transfer-routes.ts';

/** Berth's own API, below its prefix. */
export function nativeDialect(backend: NativeBackend): Dialect {
  const routes = [
    ...systemRoutes(backend),
    ...imageRoutes(backend),
    ...transferRoutes(backend),
    ...storageRoutes(backend),
    ...containerRoutes(backend),
    ...insightRoutes(backend),
    ...execRoutes(backend),
    ...podRoutes(backend),
  ];
  return {
    prefix: apiPrefix,
    routes: routes.map((route) => ({ ...route, path: `${apiPrefix}${route.path}` })),
    errorBody: nativeErrorBody,
  };
}
