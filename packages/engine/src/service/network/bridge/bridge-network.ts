import { createHash } from 'node:crypto';
import type { AddressRange } from '@berth/model/address-range';
import type { CallContext, Log } from '@berth/model/context';
import { asError, BerthError } from '@berth/model/error';
import { findLink, type LinkFacts } from '@berth/runtime/network/look-up';
import type { PodAddresses } from '../../pod/contract.ts';
import type { NetworkStatus, PodAttachment } from '../contract.ts';
import type { NetworkPart } from '../part.ts';
import { ensureBridge, removeDevice, routeLoopback } from './bridge-device.ts';
import { type Lease, Leases } from './leases.ts';
import { OwnBridge } from './own-bridge.ts';
import type { PacketFilter } from './packet-filter.ts';
import { plugIn, podInterface, resultOf } from './plug.ts';
import { checkPorts, rulesOf } from './port-rules.ts';
import { RuleKeeper } from './rule-keeper.ts';

export interface BridgeOptions {
  /** Name of the device. */
  readonly bridge: string;
  /** Of the pods to come. */
  readonly ranges: () => readonly AddressRange[];
  /** Folder of the leases. */
  readonly folder: string;
  /** File that tells whether the device is of our making; not in the folder. */
  readonly ownFile: string;
  /** Whether it may take new pods. */
  readonly isOn: boolean;
  /** Absent where the machine has no program for it. */
  readonly filter: PacketFilter | undefined;
  readonly log: Log;
}

/**
 * The bridge that is built in: pods on one link with the host as their gateway, out of the machine under its address,
 * ports of the host by its packet filter. All by netlink, without a program but for the filter's rules.
 */
export class BridgeNetwork implements NetworkPart {
  readonly #options: BridgeOptions;
  readonly #leases: Leases;
  readonly #rules: RuleKeeper | undefined;
  #made: Making | undefined;
  readonly #own: OwnBridge;
  /** Whether there may be rules or a device of ours. */
  #isUsed: boolean;
  /** Devices that are on their way out; their addresses are free when they are gone. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Pods whose ports shall not lead to them any more; they are still theirs until the rules say so. */
  readonly #closing = new Set<string>();

  constructor(options: BridgeOptions) {
    const { bridge, filter, folder, ownFile, ranges } = options;
    this.#options = options;
    this.#leases = new Leases(folder);
    this.#own = new OwnBridge(ownFile, bridge);
    this.#isUsed = this.#own.isThere() || this.#leases.list().length > 0;
    const wanted = () =>
      rulesOf(
        bridge,
        this.#leases.list().map((lease) => (this.#closing.has(lease.podId) ? { ...lease, ports: [] } : lease)),
        ranges().map(({ text }) => text),
      );
    this.#rules = filter === undefined ? undefined : new RuleKeeper(filter, wanted);
  }

  status(): NetworkStatus | undefined {
    const { isOn, filter, bridge } = this.#options;
    if (!isOn) return undefined;
    if (filter !== undefined) return { ready: true, reason: '', message: '' };
    const message = `the bridge ${bridge} needs nft or iptables, and neither is installed`;
    return { ready: false, reason: 'NetworkPluginNotReady', message };
  }

  async attach(_context: CallContext, attachment: PodAttachment): Promise<PodAddresses> {
    const { podId, netns, portMappings } = attachment;
    const { bridge, ranges } = this.#options;
    await this.#leaving.get(podId);
    if (this.#rules === undefined) throw noFilter(this.status()?.message ?? '');
    const ports = portMappings.filter(({ hostPort }) => hostPort > 0);
    checkPorts(podId, ports, this.#leases.list());
    const lease = this.#leases.of(podId) ?? this.#leases.take({ podId, device: deviceOf(podId), ports }, ranges());
    this.#closing.delete(podId);
    try {
      await plugIn(lease, { netns, bridge: await this.#bridge() });
      if (ports.length > 0) await this.#openPorts(this.#rules);
    } catch (cause) {
      await this.#unplug(lease).catch((error: unknown) => this.#warn(error));
      if (cause instanceof BerthError) throw cause;
      throw attachFailed(attachment, cause);
    }
    this.#rules.refresh().catch((error: unknown) => this.#warn(error));
    return { ips: lease.addresses.map(({ address }) => address), result: resultOf(lease, { netns, bridge }) };
  }

  has(podId: string): boolean {
    return this.#leases.of(podId) !== undefined;
  }

  /** The device goes behind the answer: until it is gone, which takes the kernel a while, nobody else has its addresses. */
  async detach(_context: CallContext, { podId }: PodAttachment): Promise<void> {
    const lease = this.#leases.of(podId);
    if (lease === undefined || this.#leaving.has(podId)) return;
    await this.#closePorts(lease);
    this.#unplug(lease).catch((error: unknown) => this.#warn(error));
  }

  async check(_context: CallContext, { podId, netns }: PodAttachment): Promise<void> {
    const lease = this.#leases.of(podId);
    const isThere =
      lease !== undefined && findLink(lease.device) !== undefined && findLink(podInterface, netns) !== undefined;
    if (isThere) return;
    throw new BerthError('failed_precondition', `pod ${podId} is not on the bridge ${this.#options.bridge} any more`, {
      code: 'not_attached',
    });
  }

  async collect(_context: CallContext, podIds: readonly string[]): Promise<void> {
    const kept = new Set(podIds);
    for (const lease of this.#leases.list().filter(({ podId }) => !kept.has(podId))) {
      await this.#unplug(lease).catch((error: unknown) => this.#warn(error));
    }
    if (this.#leases.list().length === 0) return;
    // What somebody else did to the rules while no daemon ran.
    this.#rules?.bring().catch((error: unknown) => this.#warn(error));
  }

  describe(): unknown {
    const { bridge, ranges, isOn } = this.#options;
    if (!isOn) return {};
    return { builtin: { bridge, ranges: ranges().map(({ text }) => text), attachments: this.#leases.list().length } };
  }

  /** What the last pod has left goes with the daemon, but for a bridge that was there before. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#leaving.values());
    if (!this.#isUsed || this.#leases.list().length > 0) return;
    try {
      await this.#rules?.remove();
      if (!this.#own.isThere()) return;
      await removeDevice(this.#options.bridge);
      this.#own.forget();
    } catch (error) {
      this.#warn(error);
    }
  }

  /** Made with the first pod, and again when somebody took it away or the ranges are others. */
  async #bridge(): Promise<LinkFacts> {
    const key = this.#ranges();
    const known = this.#made;
    const isGone = known?.key !== key || (known.isDone && findLink(this.#options.bridge) === undefined);
    const made = known === undefined || isGone ? { key, facts: this.#make(), isDone: false } : known;
    this.#made = made;
    try {
      const facts = await made.facts;
      made.isDone = true;
      return facts;
    } catch (error) {
      if (this.#made === made) this.#made = undefined;
      throw error;
    }
  }

  #ranges(): string {
    return this.#options
      .ranges()
      .map(({ text }) => text)
      .join(',');
  }

  async #make(): Promise<LinkFacts> {
    const { bridge, ranges, log } = this.#options;
    this.#isUsed = true;
    // The rules name the device, which need not be there.
    const request = { name: bridge, ranges: ranges(), own: this.#own };
    const [facts] = await Promise.all([ensureBridge(request), this.#rules?.bring()]);
    log.info(`bridge ${bridge} is up`, { ranges: this.#ranges() });
    return facts;
  }

  async #openPorts(rules: RuleKeeper): Promise<void> {
    await rules.bring();
    if (this.#options.ranges().some(({ family }) => family === 4)) routeLoopback(this.#options.bridge);
  }

  #unplug(lease: Lease): Promise<void> {
    const { podId } = lease;
    const known = this.#leaving.get(podId);
    if (known !== undefined) return known;
    const leaving = this.#leave(lease).finally(() => this.#leaving.delete(podId));
    this.#leaving.set(podId, leaving);
    return leaving;
  }

  /** Rules first: a port must never lead to the next pod of that address. */
  async #leave(lease: Lease): Promise<void> {
    await this.#closePorts(lease);
    await removeDevice(lease.device);
    this.#leases.give(lease.podId);
  }

  async #closePorts({ podId }: Lease): Promise<void> {
    if ((this.#leases.of(podId)?.ports.length ?? 0) === 0) return;
    this.#closing.add(podId);
    await this.#rules?.bring();
    this.#leases.release(podId);
    this.#closing.delete(podId);
  }

  #warn(error: unknown): void {
    this.#options.log.warn(`bridge ${this.#options.bridge}: ${asError(error).message}`);
  }
}

interface Making {
  /** The ranges. */
  readonly key: string;
  readonly facts: Promise<LinkFacts>;
  isDone: boolean;
}

/** At most 15 bytes (net/if.h, IFNAMSIZ). */
function deviceOf(podId: string): string {
  return `veth${createHash('sha256').update(podId).digest('hex').slice(0, 11)}`;
}

function noFilter(message: string): BerthError {
  return new BerthError('failed_precondition', message, {
    code: 'network_not_ready',
    hint: 'Debian: apt-get install nftables',
  });
}

function attachFailed({ podId, netns }: PodAttachment, cause: unknown): BerthError {
  return new BerthError('internal', `pod ${podId} (${netns}) cannot be put on the bridge: ${asError(cause).message}`, {
    code: 'network_attach_failed',
    cause,
  });
}
