import { ImageService, RuntimeService } from '@berth/wire/gen/cri/v1/api_pb';
import { rpcService, type RpcService } from '../rpc/contract.ts';
import type { CriBackend } from './backend.ts';
import { containerHandlers } from './container/handlers.ts';
import { imageHandlers } from './image/handlers.ts';
import { podHandlers } from './pod/handlers.ts';
import { runtimeHandlers } from './runtime/handlers.ts';
import { statsHandlers } from './stats/handlers.ts';
import { streamingHandlers } from './streaming/handlers.ts';

/** Kubernetes' container runtime interface, version 1: every method of it. */
export function criServices(backend: CriBackend): RpcService[] {
  return [
    rpcService(RuntimeService, {
      ...runtimeHandlers(backend),
      ...podHandlers(backend),
      ...containerHandlers(backend),
      ...streamingHandlers(backend),
      ...statsHandlers(backend),
    }),
    rpcService(ImageService, imageHandlers(backend)),
  ];
}
