import type { DescMessage, DescMethod, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { CallOptions } from '@berth/image/grpc/call';
import { Channel } from '@berth/image/grpc/channel';
import { ImageService, RuntimeService } from '@berth/wire/gen/cri/v1/api_pb';
import { commandPatience } from './patience.ts';

interface Described {
  readonly methodKind: string;
  readonly input: DescMessage;
  readonly output: DescMessage;
}

/** The calls of a service with one answer each, by their generated names. */
type Calls<M extends Readonly<Record<string, Described>>> = {
  readonly [K in keyof M as M[K]['methodKind'] extends 'unary' ? K : never]: (
    request?: MessageInitShape<M[K]['input']>,
    options?: CallOptions,
  ) => Promise<MessageShape<M[K]['output']>>;
};

export type RuntimeCalls = Calls<(typeof RuntimeService)['method']>;
export type ImageCalls = Calls<(typeof ImageService)['method']>;

/** Both services of the CRI on one connection. Errors are the server's, as `Channel` tells them. */
export class CriClient implements AsyncDisposable {
  readonly channel: Channel;
  readonly runtime: RuntimeCalls;
  readonly images: ImageCalls;

  private constructor(channel: Channel) {
    this.channel = channel;
    this.runtime = callsOf(channel, RuntimeService.methods) as RuntimeCalls;
    this.images = callsOf(channel, ImageService.methods) as ImageCalls;
  }

  static async open(socket: string): Promise<CriClient> {
    return new CriClient(await Channel.open({ socket }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.channel[Symbol.asyncDispose]();
  }
}

function callsOf(channel: Channel, methods: readonly DescMethod[]): object {
  const unary = methods.filter((method): method is DescMethodUnary & DescMethod => method.methodKind === 'unary');
  return Object.fromEntries(
    unary.map((method) => [
      method.localName,
      (request: Record<string, unknown> = {}, options: CallOptions = {}) =>
        channel.unary(method, request, { timeout: commandPatience, ...options }),
    ]),
  );
}
