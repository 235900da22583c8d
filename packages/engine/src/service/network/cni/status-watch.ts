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
  #asked: Asked = { source: '', at: -Infinity, problem: undefined };
  #isAsking = false;

  constructor(host: PluginHost) {
    this.#host = host;
  }

  status(network: NetworkList): NetworkStatus {
    const missing = missingPlugins(this.#host, network);
    if (missing.length > 0) {
      return notReady(`network ${network.name}: no plugin ${missing.join(', ')} in ${this.#host.folders.join(', ')}`);
    }
    if (!isAtLeast(network.version, '1.1.0')) return ready;
    const { source, at, problem } = this.#asked;
    if (source !== network.source || performance.now() - at > validTime) void this.#ask(network);
    // Of a network that is new, as plugins that know no STATUS: their ADD says what is wrong.
    return source !== network.source || problem === undefined ? ready : notReady(problem);
  }

  /** Never fails. */
  async #ask(network: NetworkList): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    let problem: string | undefined;
    try {
      await statusChain(this.#host, network, AbortSignal.timeout(statusTime));
    } catch (error) {
      problem = asError(error).message;
    }
    this.#isAsking = false;
    this.#asked = { source: network.source, at: performance.now(), problem };
  }
}

interface Asked {
  readonly source: string;
  /** Milliseconds of performance.now(), which no change of the date moves. */
  readonly at: number;
  readonly problem: string | undefined;
}

const ready: NetworkStatus = { ready: true, reason: '', message: '' };

export function notReady(message: string): NetworkStatus {
  return { ready: false, reason: 'NetworkPluginNotReady', message };
}
