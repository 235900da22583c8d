import type { CallContext } from '@berth/model/context';

/**
 * Namespaces: each has its own images, containers and leases. Namespaces of one share group see each other's images:
 * a name that comes into being or moves does so in all of them; one that is removed goes from its own namespace only.
 */
export interface NamespaceService {
  /** In order of names. */
  list(context: CallContext): readonly NamespaceView[];
  /**
   * Makes a namespace or changes it; what is not given stays as it is (a new one is shared with none).
   *
   * Taken out of a group, a namespace keeps the names it has and the content behind them; from then on neither side
   * sees the other's changes. Put into a group, it keeps its names and gets those of the group that it has not; the
   * group gets those of its names that it has not. A name that both have keeps pointing at what it did on each side
   * until it is next written.
   * @throws invalid_argument (`bad_namespace`, `bad_share_group`)
   */
  put(context: CallContext, name: string, change: NamespaceChange): Promise<NamespaceView>;
  /**
   * Only an empty one, as containerd has it: no images, containers, leases and no content of its own. What garbage is
   * still in it is collected first.
   * @throws not_found (`no_such_namespace`), failed_precondition (`not_empty`)
   */
  remove(context: CallContext, name: string): Promise<void>;
}

export interface NamespaceChange {
  /** Replaces those given; an empty value removes a label. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Empty: shared with none. */
  readonly shareGroup?: string;
}

export interface NamespaceView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Empty: shared with none. */
  readonly shareGroup: string;
}
