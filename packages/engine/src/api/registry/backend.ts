import type { Log } from '@berth/model/context';
import type { RegistryService } from '#service/registry/contract';

/** The slice of the engine that the registry's door needs. */
export interface RegistryBackend {
  readonly registry: RegistryService;
  readonly log: Log;
  readonly door: RegistryDoor;
}

/**
 * Who comes in. The owner, by the daemon's socket, writes, and names a namespace in a header; strangers, by the network,
 * read what the images of one namespace need.
 */
export type RegistryDoor = { readonly for: 'owner' } | { readonly for: 'strangers'; readonly namespace: string };
