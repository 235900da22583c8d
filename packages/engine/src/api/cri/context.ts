import type { CallContext } from '@berth/model/context';
import type { RpcCall } from '../rpc/contract.ts';

/** Everything that the CRI makes and sees is in this namespace, as with its peers. */
export const criNamespace = 'k8s.io';

export function criContext({ signal, deadline, log }: RpcCall): CallContext {
  return { signal, log, namespace: criNamespace, ...(deadline === undefined ? {} : { deadline }) };
}
