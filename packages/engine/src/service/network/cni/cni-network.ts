import { setTimeout as delay } from 'node:timers/promises';
import type { CallContext, Log } from '@berth/model/context';
import { asError, BerthError } from '@berth/model/error';
import { isNetworkNamespace } from '@berth/runtime/network/namespace-file';
import type { PodAddresses } from '../../pod/contract.ts';
import type { AddressRange } from '@berth/model/address-range';
import type { NetworkStatus, PodAttachment } from '../contract.ts';
import type { NetworkPart } from '../part.ts';
import { addressesOf } from './addresses.ts';
import { addChain, checkChain, collectChain, deleteChain, isBroken, type ValidAttachment } from './chain.ts';
import { capabilitiesOf } from './capability.ts';
import { ConfigurationFolder } from './configuration-folder.ts';
import { endLeftoverPlugins } from './leftover-plugin.ts';
import { type NetworkList, parseNetworkList } from './network-list.ts';
import { type CniResult, pluginFailed } from './plugin-answer.ts';
import type { CniTarget, PluginHost } from './plugin-call.ts';
import { type CachedAttachment, ResultCache } from './result-cache.ts';
import { notReady, StatusWatch } from './status-watch.ts';

export interface CniOptions {
  readonly confFolder: string;
  readonly cacheFolder: string;
  readonly host: PluginHost;
  /** Ranges that kubelet has told, as they are now. */
  readonly ranges: () => readonly AddressRange[];
  readonly log: Log;
}

/** Kubernetes' name of a pod's interface. */
const interfaceName = 'eth0';

/** Time for a whole chain, ms: kubelet waits four minutes for a pod. */
const addTime = 210_000;
const deleteTime = 60_000;
const collectTime = 5_000;

/** Where libcni's other users on this machine keep theirs: what a GC must leave to them. */
const sharedCacheFolder = '/var/lib/cni';

/** The network of pods by CNI plugins. */
export class CniNetwork implements NetworkPart {
  readonly #options: CniOptions;
  readonly #folder: ConfigurationFolder;
  readonly #cache: ResultCache;
  readonly #watch: StatusWatch;
  /** Pods whose ADD runs in this process. */
  readonly #adding = new Set<string>();
  /** Pods of which an earlier daemon has left no plugin at work. */
  readonly #known = new Set<string>();

  constructor(options: CniOptions) {
    this.#options = options;
    this.#folder = new ConfigurationFolder(options.confFolder, options.log);
    this.#cache = new ResultCache(options.cacheFolder);
    this.#cache.dropDrafts();
    this.#watch = new StatusWatch(options.host);
    this.status(); // so that plugins are asked early
  }

  status(): NetworkStatus | undefined {
    const { network, problems } = this.#folder.current();
    if (network !== undefined) return this.#watch.status(network);
    if (problems.length === 0) return undefined;
    return notReady(`no network configuration in ${this.#options.confFolder} can be used: ${problems.join('; ')}`);
  }

  async attach({ signal }: CallContext, attachment: PodAttachment): Promise<PodAddresses> {
    const { network } = this.#folder.current();
    if (network === undefined) throw noNetwork(this.#options.confFolder);
    const entry = this.#entryOf(network, attachment);
    const target = targetOf(entry, attachment.netns);
    this.#cache.write(entry);
    this.#adding.add(attachment.podId);
    this.#known.add(attachment.podId);
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(addTime)]);
      const outcome = await addChain(this.#options.host, { list: network, target }, limit);
      const result = isBroken(outcome) ? outcome.partial : outcome;
      const ips = isBroken(outcome) ? [] : addressesOf(outcome, interfaceName);
      if (isBroken(outcome) || ips.length === 0) {
        await this.#takeBack(entry, { target, result });
        throw isBroken(outcome) ? outcome.error : noAddress(network);
      }
      this.#cache.write({ ...entry, result: outcome });
      return { ips, result: outcome };
    } finally {
      this.#adding.delete(attachment.podId);
    }
  }

  has(podId: string): boolean {
    return this.#cache.of(podId).length > 0;
  }

  async detach({ signal }: CallContext, attachment: PodAttachment): Promise<void> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(deleteTime)]);
    for (const entry of this.#cache.of(attachment.podId)) {
      await this.#delete({ cniArgs: argumentsOf(attachment), ...entry }, attachment.netns, limit);
    }
  }

  async check({ signal }: CallContext, attachment: PodAttachment): Promise<void> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(deleteTime)]);
    for (const entry of this.#cache.of(attachment.podId)) {
      const { result } = entry;
      if (result === undefined) throw notAttached(attachment);
      const target = targetOf(entry, attachment.netns);
      await checkChain(this.#options.host, { list: this.#listOf(entry), target, result }, limit);
    }
  }

  /**
   * Takes back what pods have left that are not there any more, then asks plugins for the rest (CNI 1.1, GC). The daemon
   * waits for this before it serves, and a plugin may wait for a pod that the daemon is to run: so neither waits long.
   */
  async collect({ signal, log }: CallContext, podIds: readonly string[]): Promise<void> {
    const kept = new Set(podIds);
    const failed = (error: unknown) => log.warn(`network not cleaned up: ${asError(error).message}`);
    const stale = this.#cache
      .list()
      .filter(({ containerId }) => !kept.has(containerId) && !this.#adding.has(containerId));
    const deletes = stale.map(async (entry) => {
      const { netns = '' } = entry;
      const limit = AbortSignal.any([signal, AbortSignal.timeout(deleteTime)]);
      await this.#delete(entry, isNetworkNamespace(netns) ? netns : '', limit).catch(failed);
    });
    await Promise.race([Promise.all(deletes), delay(collectTime, undefined, { ref: false })]);
    const { network } = this.#folder.current();
    if (network === undefined) return;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(collectTime)]);
    await collectChain(this.#options.host, { list: network, valid: this.#valid(network) }, limit).catch(failed);
  }

  #valid({ name }: NetworkList): ValidAttachment[] {
    const all = [...this.#cache.list(), ...new ResultCache(sharedCacheFolder).list()];
    return all
      .filter(({ networkName }) => networkName === name)
      .map(({ containerId, ifName }) => ({ containerID: containerId, ifname: ifName }));
  }

  describe(): unknown {
    const { network, file, problems } = this.#folder.current();
    const { confFolder, cacheFolder, host } = this.#options;
    return {
      pluginDirs: host.folders,
      pluginConfDir: confFolder,
      cacheDir: cacheFolder,
      problems,
      ...(network === undefined
        ? {}
        : { network: { name: network.name, file, cniVersion: network.version, plugins: network.plugins } }),
    };
  }

  #entryOf(network: NetworkList, attachment: PodAttachment): CachedAttachment {
    const { podId, netns } = attachment;
    return {
      kind: 'cniCacheV1',
      containerId: podId,
      config: Buffer.from(network.source).toString('base64'),
      ifName: interfaceName,
      networkName: network.name,
      netns,
      cniArgs: argumentsOf(attachment),
      capabilityArgs: capabilitiesOf(attachment, this.#options.ranges()),
    };
  }

  /** Of an ADD that failed. Where that fails too, the entry stays for `collect`. */
  async #takeBack(
    entry: CachedAttachment,
    { target, result }: { readonly target: CniTarget; readonly result: CniResult | undefined },
  ): Promise<void> {
    const { host, log } = this.#options;
    try {
      const list = this.#listOf(entry);
      await deleteChain(host, { list, target, result }, { signal: AbortSignal.timeout(deleteTime), log });
      this.#cache.remove(entry);
    } catch {
      // Told in the log by the chain.
    }
  }

  /** By the configuration that it was made with. One that was never finished may fail: plugins then know nothing of it. */
  async #delete(entry: CachedAttachment, netns: string, signal: AbortSignal): Promise<void> {
    const { host, log } = this.#options;
    const { result, containerId } = entry;
    if (!this.#known.has(containerId)) await endLeftoverPlugins(containerId, signal);
    this.#known.add(containerId);
    try {
      const list = this.#listOf(entry);
      await deleteChain(host, { list, target: targetOf(entry, netns), result }, { signal, log });
    } catch (error) {
      if (result !== undefined || signal.aborted) throw error;
    }
    this.#cache.remove(entry);
    this.#known.delete(containerId);
  }

  /** Of a file that was cut off by a loss of power: the network as it is now. */
  #listOf(entry: CachedAttachment): NetworkList {
    try {
      return parseNetworkList(Buffer.from(entry.config, 'base64').toString());
    } catch (error) {
      const { network } = this.#folder.current();
      if (network === undefined) throw error;
      return network;
    }
  }
}

/** As every runtime of Kubernetes has them. */
function argumentsOf({ podId, podName, podNamespace, podUid }: PodAttachment): [string, string][] {
  return [
    ['IgnoreUnknown', '1'],
    ['K8S_POD_NAMESPACE', podNamespace],
    ['K8S_POD_NAME', podName],
    ['K8S_POD_INFRA_CONTAINER_ID', podId],
    ['K8S_POD_UID', podUid],
  ];
}

function targetOf(entry: CachedAttachment, netns: string): CniTarget {
  const { containerId, ifName, cniArgs = [], capabilityArgs = {} } = entry;
  return { containerId, netns, interfaceName: ifName, args: cniArgs, capabilities: capabilityArgs };
}

function noNetwork(folder: string): BerthError {
  return new BerthError('failed_precondition', `there is no network for pods: no CNI configuration in ${folder}`, {
    code: 'network_not_ready',
    hint: 'install a network plugin, or set network.builtin = true in berthd.toml',
  });
}

function noAddress({ name }: NetworkList): BerthError {
  return pluginFailed('internal', `network ${name}: its plugins gave ${interfaceName} no address`);
}

function notAttached({ podId }: PodAttachment): BerthError {
  return new BerthError('failed_precondition', `pod ${podId} was not attached to its end`, { code: 'not_attached' });
}
