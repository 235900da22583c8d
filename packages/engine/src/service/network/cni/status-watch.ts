import { asError } from '@berth/model/error';
import type { NetworkStatus } from '../contract.ts';
import { statusChain } from './chain.ts';
import { isAtLeast, type NetworkList } from './network-list.ts';
import { missingPlugins, type PluginHost } from './plugin-call.ts';

/** How long an answer of STATUS counts, ms. Kubelet asks for the network every few seconds. */
const validTime = 10_000;
/** What plugins have for their answer, ms. */
const statusTime = 20_000;

/**
 * Whether plugins are there and say that they can serve (STATUS, CNI 1.1). The question runs beside: who asks here is told
 * the last answer, and his asking is what brings the next one.
 */
export class StatusWatch {
  readonly #host: PluginHost;
  #asked: { readonly source: string; readonly at: number } | undefined;
  #problem: string | undefined;
  #asking: Promise<void> | undefined;

  constructor(host: PluginHost) {
    this.#host = host;
  }

  status(network: NetworkList): NetworkStatus {
    const missing = missingPlugins(this.#host, network);
    if (missing.length > 0) {
      return notReady(`network ${network.name}: no plugin ${missing.join(', ')} in ${this.#host.folders.join(', ')}`);
    }
    if (!isAtLeast(network.version, '1.1.0')) return ready;
    const isOf = this.#asked?.source === network.source;
    if (!isOf || Date.now() - this.#asked!.at > validTime) void this.refresh(network);
    if (!isOf) return notReady(`network ${network.name}: its plugins are being asked`);
    return this.#problem === undefined ? ready : notReady(this.#problem);
  }

  /** Never fails. */
  async refresh(network: NetworkList): Promise<void> {
    if (!isAtLeast(network.version, '1.1.0')) return;
    await (this.#asking ??= this.#ask(network).finally(() => (this.#asking = undefined)));
  }

  async #ask(network: NetworkList): Promise<void> {
    let problem: string | undefined;
    try {
      await statusChain(this.#host, network, AbortSignal.timeout(statusTime));
    } catch (error) {
      problem = asError(error).message;
    }
    this.#problem = problem;
    this.#asked = { source: network.source, at: Date.now() };
  }
}

const ready: NetworkStatus = { ready: true, reason: '', message: '' };

export function notReady(message: string): NetworkStatus {
  return { ready: false, reason: 'NetworkPluginNotReady', message };
}
