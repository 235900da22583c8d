import { randomUUID } from 'node:crypto';
import type { Lease, Leases } from '../metadata.ts';
import type { SqliteMetadata } from '../metadata/sqlite-metadata.ts';

/** Leases for operations of the engine itself; those of clients are records, `tx.leases`. */
export function createLeases(metadata: SqliteMetadata): Leases {
  return {
    async create(namespace, ttl) {
      if (ttl === undefined) return processLease(metadata);
      return await recordedLease(metadata, namespace, ttl);
    },
  };
}

function processLease({ processLeases }: SqliteMetadata): Lease {
  const id = processLeases.create();
  return { id, [Symbol.asyncDispose]: async () => processLeases.release(id) };
}

async function recordedLease(metadata: SqliteMetadata, namespace: string, ttl: number): Promise<Lease> {
  const id = `engine-${randomUUID()}`;
  await metadata.write((tx) => tx.leases.create({ namespace, id, labels: {}, expiresAt: metadata.now() + ttl }));
  const release = (): Promise<void> =>
    metadata.write((tx) => {
      // It may have expired on its own.
      if (tx.leases.get(namespace, id) !== undefined) tx.leases.delete(namespace, id);
    });
  return { id, [Symbol.asyncDispose]: release };
}
