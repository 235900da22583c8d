// The part of the API that is about pods, which the CRI's clients make; `api.ts` says how it is spoken.

import type { ContainerSummary } from './container-api.ts';

/** GET /pods?filter=name=… (filters: id, name, namespace, status, label) */
export interface PodSummary {
  readonly id: string;
  readonly name: string;
  /** The cluster's namespace; that of the engine is the same for all pods. */
  readonly namespace: string;
  readonly uid: string;
  readonly attempt: number;
  readonly createdAt: string;
  readonly status: PodStatus;
  /** The first one is the pod's own; none in the host's network. */
  readonly addresses: readonly string[];
  /** Name of the handler that was asked for; empty: the default one. */
  readonly runtime: string;
  readonly labels: Readonly<Record<string, string>>;
  /** How many containers it has, and how many of them run. */
  readonly containers: number;
  readonly running: number;
}

export type PodStatus = 'ready' | 'not_ready';

/** GET /pods/ID ; POST /pods/ID/stop ; DELETE /pods/ID?force=1 */
export interface PodDetail extends PodSummary {
  readonly annotations: Readonly<Record<string, string>>;
  /** As it was asked for, in the engine's words. */
  readonly config: unknown;
  /** Of the sandbox's own process, 0 once it has ended. */
  readonly pid: number;
  /** Path of its network namespace; empty with the host's. */
  readonly networkNamespace: string;
  /** What the network's plugins answered; null without them. */
  readonly networkResult: unknown;
  readonly members: readonly ContainerSummary[];
}
