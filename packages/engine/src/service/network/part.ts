import type { CallContext } from '@berth/model/context';
import type { PodAddresses } from '../pod/contract.ts';
import type { NetworkStatus, PodAttachment } from './contract.ts';

/** One way to give pods a network; `open.ts` chooses between them. */
export interface NetworkPart {
  /** Undefined: it is not configured. */
  status(): NetworkStatus | undefined;
  attach(context: CallContext, attachment: PodAttachment): Promise<PodAddresses>;
  /** Whether it has made, or begun to make, an attachment of this pod. */
  has(podId: string): boolean;
  detach(context: CallContext, attachment: PodAttachment): Promise<void>;
  check(context: CallContext, attachment: PodAttachment): Promise<void>;
  collect(context: CallContext, podIds: readonly string[]): Promise<void>;
  describe(): unknown;
}
