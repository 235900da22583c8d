import { backgroundContext, type CallContext, type Log, withSignal } from '@berth/model/context';
import type { ContainerService, ExecService } from '#service/container/contract';
import type { Events } from '#service/event/contract';
import type { ImageService } from '#service/image/contract';
import type { ContainerInsight } from '#service/insight/contract';
import type { SystemService } from '#service/system/contract';
import type { HttpRequest } from '../http/route.ts';

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

/** This API works in one namespace; the other doors bring their own. */
export function callContext(backend: { readonly log: Log }, request: HttpRequest): CallContext {
  return withSignal(backgroundContext(backend.log), request.signal);
}
