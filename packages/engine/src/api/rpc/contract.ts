import type { DescMessage, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { Log } from '@berth/model/context';

/** A gRPC call as its handler sees it. Errors: what a handler throws is told in gRPC's codes (./status-code.ts). */
export interface RpcCall {
  /** Aborted when the client goes away or its deadline passes. */
  readonly signal: AbortSignal;
  /** When that will be, where the client has said so: a time of performance.now(). */
  readonly deadline?: number;
  /** Request headers, lower case, without those of HTTP/2 and gRPC themselves. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly log: Log;
}

/** A service of generated code with what carries out its methods. */
export interface RpcService {
  readonly description: DescService;
  /** By the method's local name, `runPodSandbox`. A method without one is answered UNIMPLEMENTED. */
  readonly handlers: Readonly<Record<string, RpcHandler<DescMessage, DescMessage>>>;
}

/** One answer, or several for a method that streams them. */
export type RpcHandler<I extends DescMessage, O extends DescMessage> = (
  call: RpcCall,
  request: MessageShape<I>,
) => Promise<MessageInitShape<O>> | AsyncIterable<MessageInitShape<O>>;

type HandlerOf<M> = M extends {
  readonly methodKind: 'unary';
  readonly input: infer I extends DescMessage;
  readonly output: infer O extends DescMessage;
}
  ? (call: RpcCall, request: MessageShape<I>) => Promise<MessageInitShape<O>>
  : M extends {
        readonly methodKind: 'server_streaming';
        readonly input: infer I extends DescMessage;
        readonly output: infer O extends DescMessage;
      }
    ? (call: RpcCall, request: MessageShape<I>) => AsyncIterable<MessageInitShape<O>>
    : never;

/** A handler for every method: what is missing is an error of types. Files that have some of them use `Pick`. */
export type RpcHandlers<S extends DescService> = { readonly [K in keyof S['method']]: HandlerOf<S['method'][K]> };

export function rpcService<S extends DescService>(description: S, handlers: RpcHandlers<S>): RpcService {
  return { description, handlers: handlers as RpcService['handlers'] };
}
