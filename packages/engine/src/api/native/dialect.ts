import { apiPrefix } from '@berth/wire/native/api';
import type { Route } from '../http/route.ts';
import type { NativeBackend } from './backend.ts';
import { containerRoutes } from './container-routes.ts';
import { execRoutes } from './exec-routes.ts';
import { imageRoutes } from './image-routes.ts';
import { insightRoutes } from './insight-routes.ts';
import { systemRoutes } from './system-routes.ts';

/** Berth's own API, below its prefix. */
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
