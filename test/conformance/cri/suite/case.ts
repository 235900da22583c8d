import type { Kubelet } from './kubelet.ts';
import type { Need } from './needs.ts';

/** One thing that a server of the CRI must do. */
export interface Case {
  /** A sentence. */
  readonly name: string;
  /** What of the machine it needs. */
  readonly needs?: readonly Need[];
  /** containerd's version that has it first. */
  readonly since?: `${1 | 2}.${number}`;
  /** Why containerd does otherwise than the CRI says, or its clients wish. The case must fail there, so that the mark cannot get stale. */
  readonly containerdDeviates?: string;
  /** Why containerd does so only sometimes: the case is not run there. */
  readonly containerdUnsteady?: string;
  /** It cannot run beside others: it restarts the server. */
  readonly isAlone?: boolean;
  readonly run: (kubelet: Kubelet) => Promise<void>;
}
