import { randomUUID } from 'node:crypto';
import { BerthError } from '@berth/model/error';
import type { Collector, MetadataStore } from '#store/metadata';
import type { LeaseService } from './contract.ts';

export interface LeaseBackend {
  readonly metadata: MetadataStore;
  readonly collector: Collector;
}

export function createLeaseService({ metadata, collector }: LeaseBackend): LeaseService {
  return {
    list: ({ namespace }) => metadata.read((tx) => tx.leases.list(namespace)),
    async create({ namespace }, { id = randomUUID(), ttl, labels = {} }) {
      checkId(id);
      checkTtl(ttl);
      const end = ttl === undefined ? {} : { expiresAt: Date.now() + ttl };
      return await metadata.write((tx) => tx.leases.create({ namespace, id, labels, ...end }));
    },
    async remove({ namespace }, id, { sync = false } = {}) {
      await metadata.write((tx) => tx.leases.delete(namespace, id));
      // Otherwise the collection that follows every deletion does it.
      if (sync) await collector.collect();
    },
  };
}

const longestId = 250;

function checkId(id: string): void {
  if (/^[\w.:/@+-]+$/.test(id) && id.length <= longestId) return;
  throw new BerthError('invalid_argument', `'${id}' cannot be the id of a lease`, {
    code: 'bad_lease',
    hint: `letters, digits and . _ - : / @ +, at most ${longestId}`,
  });
}

function checkTtl(ttl: number | undefined): void {
  if (ttl === undefined || (Number.isSafeInteger(ttl) && ttl > 0)) return;
  throw new BerthError('invalid_argument', `a lease cannot last ${ttl} ms`, {
    code: 'bad_lease',
    hint: 'give a whole number of milliseconds above zero, or none for a lease without an end',
  });
}
