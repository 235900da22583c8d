import type { CallContext } from '@berth/model/context';
import type { DnsConfig, PortMapping, StringMap } from '@berth/model/pod-config';
import type { PodAddresses } from '../pod/contract.ts';

/**
 * The network of pods: CNI plugins (cni/), or the bridge that is built in (bridge/). An implementation keeps what it needs
 * to undo an attachment on disk before it begins it, so that `detach` works after a crash and after a reboot.
 */
export interface PodNetwork extends AsyncDisposable {
  /** As far as known now; it follows the configuration as that changes. */
  status(): NetworkStatus;
  /**
   * Gives the namespace its interfaces. On failure all that was done is undone again.
   * @throws failed_precondition (`network_not_ready`), unavailable or internal (`network_plugin_failed`) with the plugin's words
   */
  attach(context: CallContext, attachment: PodAttachment): Promise<PodAddresses>;
  /**
   * Takes it away, half of it too; what was never attached, or is gone with the machine's last boot, is success.
   * Bounded: a plugin that hangs is ended after a minute. @throws as `attach`
   */
  detach(context: CallContext, attachment: PodAttachment): Promise<void>;
  /** Whether the attachment is still as it was made. @throws failed_precondition with what is wrong */
  check(context: CallContext, attachment: PodAttachment): Promise<void>;
  /** Frees what belongs to none of these pods: after a start of the daemon. Failures are logged. */
  collect(context: CallContext, podIds: readonly string[]): Promise<void>;
  /** kubelet's UpdateRuntimeConfig: one range, or one of each family with a comma between. @throws invalid_argument */
  setPodRanges(ranges: string): Promise<void>;
  /** For `crictl info`: what is configured. */
  describe(): unknown;
}

export interface NetworkStatus {
  readonly ready: boolean;
  /** `NetworkPluginNotReady` when it is not; else empty. */
  readonly reason: string;
  readonly message: string;
}

/** A pod's place in the network. The same on `attach` and `detach`. */
export interface PodAttachment {
  readonly podId: string;
  readonly podName: string;
  readonly podNamespace: string;
  readonly podUid: string;
  /** Path of the network namespace; empty on `detach` when it is gone. */
  readonly netns: string;
  readonly portMappings: readonly PortMapping[];
  readonly annotations: StringMap;
  readonly dns?: DnsConfig;
  readonly cgroupParent: string;
}

/** Network namespaces as files, so that they outlive processes (`/run/netns`, one mount each). */
export interface NetworkNamespaces {
  /** A new one with `lo` up. Answers its path. */
  create(name: string): string;
  /** That of a process, e.g. of one in a user namespace, which must own its network namespace. */
  keep(name: string, pid: number): string;
  /** Whether the path is a network namespace still: after a reboot it is not. */
  exists(path: string): boolean;
  /** Gone already is success. */
  remove(path: string): void;
  /** Paths of those that were made here, for the sweep after a crash. */
  list(): string[];
}
