import type { Dialect } from '../http/route.ts';
import type { RegistryBackend } from './backend.ts';
import { blobRoutes } from './blob-routes.ts';
import { registryErrorBody, registryErrorStatus } from './error.ts';
import { listingRoutes } from './listing-routes.ts';
import { manifestRoutes } from './manifest-routes.ts';
import { uploadRoutes } from './upload-routes.ts';

/** OCI's distribution-spec 1.1: the store as a registry. Strangers have no verb that writes. */
export function registryDialect(backend: RegistryBackend): Dialect {
  const routes = [
    ...listingRoutes(backend),
    ...manifestRoutes(backend),
    ...blobRoutes(backend),
    ...uploadRoutes(backend),
  ];
  return {
    prefix: '/v2',
    routes: backend.door.for === 'owner' ? routes : routes.filter(({ method }) => method === 'GET'),
    errorBody: registryErrorBody,
    errorStatus: registryErrorStatus,
    headers: { 'docker-distribution-api-version': 'registry/2.0' },
  };
}
