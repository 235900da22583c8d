import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseRanges } from '@berth/model/address-range';
import type { CallContext, Log } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import type { PodAddresses } from '../pod/contract.ts';
import { BridgeNetwork } from './bridge/bridge-network.ts';
import { findFilter, packetFilter } from './bridge/packet-filter.ts';
import { CniNetwork } from './cni/cni-network.ts';
import { notReady } from './cni/status-watch.ts';
import { writeFromTemplate } from './cni/template.ts';
import type { NetworkStatus, PodAttachment, PodNetwork } from './contract.ts';
import type { NetworkPart } from './part.ts';
import { PodRanges } from './pod-ranges.ts';
import type { PodNetworkSettings } from './settings.ts';
import { Turns } from './turns.ts';

/** The network of pods: by CNI where that is configured, else by the bridge that is built in, if the settings say so. */
export function openPodNetwork(settings: PodNetworkSettings, log: Log): Promise<PodNetwork> {
  const { state, confFolder, binFolders, launcher, cacheFolder = path.join(state, 'cni') } = settings;
  for (const folder of [path.join(cacheFolder, 'results'), leasesFolder(state)])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  const ranges = new PodRanges(state);
  const cni = new CniNetwork({
    confFolder,
    cacheFolder,
    host: { folders: binFolders, launcher },
    ranges: () => ranges.current,
    log,
  });
  const bridge = openBridge(settings, ranges, log);
  return Promise.resolve(new ChosenNetwork({ parts: [cni, bridge], bridge, settings, ranges }));
}

/** Also when it is off: pods that it has from before have to be taken off it. */
function openBridge(settings: PodNetworkSettings, ranges: PodRanges, log: Log): BridgeNetwork {
  const { builtin, bridge, subnet, state, launcher, filter } = settings;
  const own = parseRanges(subnet);
  const program = findFilter(filter === undefined ? ['nft', 'iptables'] : [filter]);
  return new BridgeNetwork({
    bridge,
    ranges: () => (ranges.current.length > 0 ? ranges.current : own),
    folder: leasesFolder(state),
    ownFile: path.join(state, 'own-bridge'),
    isOn: builtin,
    filter: program === undefined ? undefined : packetFilter(program, launcher),
    log,
  });
}

function leasesFolder(state: string): string {
  return path.join(state, 'bridge');
}

interface Choice {
  /** The first that is configured counts. */
  readonly parts: readonly NetworkPart[];
  readonly bridge: BridgeNetwork;
  readonly settings: PodNetworkSettings;
  readonly ranges: PodRanges;
}

class ChosenNetwork implements PodNetwork {
  readonly #choice: Choice;
  readonly #turns = new Turns();

  constructor(choice: Choice) {
    this.#choice = choice;
  }

  status(): NetworkStatus {
    for (const part of this.#choice.parts) {
      const status = part.status();
      if (status !== undefined) return status;
    }
    return notReady(`no CNI configuration in ${this.#choice.settings.confFolder}, and network.builtin is not set`);
  }

  attach(context: CallContext, attachment: PodAttachment): Promise<PodAddresses> {
    return this.#turns.take(attachment.podId, () => this.#configured().attach(context, attachment));
  }

  detach(context: CallContext, attachment: PodAttachment): Promise<void> {
    return this.#turns.take(attachment.podId, async () => {
      for (const part of this.#partsOf(attachment)) await part.detach(context, attachment);
    });
  }

  async check(context: CallContext, attachment: PodAttachment): Promise<void> {
    const [part] = this.#partsOf(attachment);
    if (part !== undefined) return await part.check(context, attachment);
    throw new BerthError('failed_precondition', `pod ${attachment.podId} is not attached`, { code: 'not_attached' });
  }

  async collect(context: CallContext, podIds: readonly string[]): Promise<void> {
    for (const part of this.#choice.parts) await part.collect(context, podIds);
  }

  async setPodRanges(text: string): Promise<void> {
    const { ranges, settings } = this.#choice;
    const told = ranges.set(text);
    if (settings.template !== undefined && !this.status().ready) {
      writeFromTemplate(settings.template, told, settings.confFolder);
    }
  }

  describe(): unknown {
    const status = this.status();
    const podRanges = this.#choice.ranges.current.map(({ text }) => text);
    const parts = this.#choice.parts.map((part) => part.describe() as object);
    return Object.assign({ ...status, podRanges }, ...parts) as unknown;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Attachments stay, as pods do.
    await this.#choice.bridge.close();
  }

  #configured(): NetworkPart {
    // The first says why it cannot serve when none can.
    const { parts } = this.#choice;
    return parts.find((part) => part.status() !== undefined) ?? parts[0]!;
  }

  #partsOf({ podId }: PodAttachment): NetworkPart[] {
    return this.#choice.parts.filter((part) => part.has(podId));
  }
}
