import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AddressRange } from '@berth/model/address-range';
import { errnoName } from '@berth/model/error';
import type { PortMapping } from '@berth/model/pod-config';
import { freeAddress } from './free-address.ts';

/** What a pod has of the bridge: its addresses, its ports, the name of its device on the host. */
export interface Lease {
  readonly podId: string;
  readonly device: string;
  readonly addresses: readonly LeasedAddress[];
  readonly ports: readonly PortMapping[];
}

export interface LeasedAddress {
  readonly address: string;
  /** `10.88.0.0/16`. */
  readonly range: string;
}

export interface LeaseRequest {
  readonly podId: string;
  readonly device: string;
  readonly ports: readonly PortMapping[];
}

/** A file for each pod, there before anything of it is made; all that the bridge needs to know of what there is. */
export class Leases {
  readonly #folder: string;
  readonly #byPod: Map<string, Lease>;
  /** The last address that was given out of a range: the next one is behind it, so that none comes back soon. */
  readonly #last = new Map<string, bigint>();

  constructor(folder: string) {
    this.#folder = folder;
    this.#byPod = new Map(readLeases(folder).map((lease) => [lease.podId, lease]));
  }

  /** @throws resource_exhausted (`no_free_address`) */
  take(request: LeaseRequest, ranges: readonly AddressRange[]): Lease {
    const taken = new Set(this.list().flatMap(({ addresses }) => addresses.map(({ address }) => address)));
    const addresses = ranges.map((range) => {
      const { number, address } = freeAddress(range, { taken, last: this.#last.get(range.text) });
      this.#last.set(range.text, number);
      return { address, range: range.text };
    });
    const lease = { ...request, addresses };
    this.#write(lease);
    this.#byPod.set(lease.podId, lease);
    return lease;
  }

  of(podId: string): Lease | undefined {
    return this.#byPod.get(podId);
  }

  list(): Lease[] {
    return [...this.#byPod.values()];
  }

  /** Takes its ports away; its addresses are still its own. */
  release(podId: string): void {
    const lease = this.#byPod.get(podId);
    if (lease === undefined || lease.ports.length === 0) return;
    const without = { ...lease, ports: [] };
    this.#write(without);
    this.#byPod.set(podId, without);
  }

  /** Its addresses are anybody's. */
  give(podId: string): void {
    rmSync(this.#file(podId), { force: true });
    this.#byPod.delete(podId);
  }

  #write(lease: Lease): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = this.#file(lease.podId);
    writeFileSync(`${file}.new`, JSON.stringify(lease));
    renameSync(`${file}.new`, file);
  }

  #file(podId: string): string {
    return path.join(this.#folder, `${podId}.json`);
  }
}

/** What a killed daemon was about to write goes. */
function readLeases(folder: string): Lease[] {
  return namesIn(folder).flatMap((name) => {
    const file = path.join(folder, name);
    const lease = name.endsWith('.json') ? readLease(file) : undefined;
    if (lease === undefined) rmSync(file, { force: true });
    return lease === undefined ? [] : [lease];
  });
}

function readLease(file: string): Lease | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Lease;
  } catch (error) {
    // Cut off by a loss of power, which has taken what it stood for too.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}
