import type { DescMessage, DescMethod } from '@bufbuild/protobuf';
import { BerthError } from '@berth/model/error';
import type { RpcHandler, RpcService } from './contract.ts';

/** A method that can be called. */
export interface RpcMethod {
  readonly description: DescMethod;
  readonly handle: RpcHandler<DescMessage, DescMessage>;
}

/** Finds methods by the path of a request, `/runtime.v1.RuntimeService/Version`. */
export class MethodTable {
  readonly #methods = new Map<string, RpcMethod>();
  readonly #services: ReadonlySet<string>;

  constructor(services: readonly RpcService[]) {
    this.#services = new Set(services.map(({ description }) => description.typeName));
    for (const { description, handlers } of services) {
      for (const method of description.methods) {
        const handle = handlers[method.localName];
        if (handle !== undefined) this.#methods.set(methodPath(method), { description: method, handle });
      }
    }
  }

  /** @throws unimplemented (`unknown_method`) */
  find(path: string): RpcMethod {
    const method = this.#methods.get(path);
    if (method !== undefined) return method;
    const [, service = '', name = ''] = path.slice(0, 200).split('/');
    const what = this.#services.has(service) ? `method ${name} of ${service}` : `service ${service}`;
    throw new BerthError('unimplemented', `unknown ${what}`, { code: 'unknown_method' });
  }
}

function methodPath({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}
