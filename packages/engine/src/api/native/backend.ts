import { backgroundContext, type CallContext, type Log, withSignal } from '@berth/model/context';
import type { CollectionService } from '#service/collection/contract';
import type { ContainerService, ExecService } from '#service/container/contract';
import type { DiskService } from '#service/disk/contract';
import type { Events } from '#service/event/contract';
import type { ImageService, ImageTransfers } from '#service/image/contract';
import type { ContainerInsight } from '#service/insight/contract';
import type { LeaseService } from '#service/lease/contract';
import type { NamespaceService } from '#service/namespace/contract';
import type { PodContainerService, PodService } from '#service/pod/contract';
import type { SystemService } from '#service/system/contract';
import type { HttpRequest } from '../http/route.ts';
import { requestNamespace } from './namespace.ts';

/** The slice of the engine that Berth's own API needs. */
export interface NativeBackend {
  readonly containers: ContainerService;
  readonly execs: ExecService;
  readonly insight: ContainerInsight;
  readonly pods: PodService;
  readonly podContainers: PodContainerService;
  readonly images: ImageService;
  readonly transfers: ImageTransfers;
  readonly disk: DiskService;
  readonly collection: CollectionService;
  readonly namespaces: NamespaceService;
  readonly leases: LeaseService;
  readonly system: SystemService;
  readonly events: Events;
  readonly log: Log;
  /** Where bodies that must be files are kept while they are read. */
  readonly scratch: string;
}

/** @throws invalid_argument (`bad_namespace`) */
export function callContext(backend: { readonly log: Log }, request: HttpRequest): CallContext {
  return withSignal(backgroundContext(backend.log, requestNamespace(request)), request.signal);
}
