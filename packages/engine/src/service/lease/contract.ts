import type { CallContext } from '@berth/model/context';

/**
 * Leases of clients: what is written under one is kept until the lease is deleted or its time is over, also over a
 * restart of the daemon. All calls see the caller's namespace.
 */
export interface LeaseService {
  /** Those that have not ended, in order of their ids. */
  list(context: CallContext): readonly LeaseView[];
  /** @throws invalid_argument (`bad_lease`), already_exists (`lease_exists`) */
  create(context: CallContext, request: LeaseRequest): Promise<LeaseView>;
  /**
   * What only this lease held is garbage from now on; with `sync` its bytes are freed before this resolves.
   * @throws not_found (`no_such_lease`)
   */
  remove(context: CallContext, id: string, options?: { readonly sync?: boolean }): Promise<void>;
}

export interface LeaseRequest {
  /** Absent: one is made up. */
  readonly id?: string;
  /** Milliseconds; absent: it has no end, unless the label `containerd.io/gc.expire` says one. */
  readonly ttl?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface LeaseView {
  readonly id: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970; absent: it has no end. */
  readonly expiresAt?: number;
}
