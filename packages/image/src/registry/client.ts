import type { RegistryClient, RegistryOptions } from './contract.ts';
import { Hosts } from './hosts.ts';
import { listCatalog } from './listing/names.ts';
import { repositoryAt } from './repository.ts';
import { discard } from './transport/body.ts';
import { defaultTuning, type Tuning } from './tuning.ts';

/**
 * A client of every registry. It keeps connections, tokens and what hosts.toml said until it is disposed of.
 * @param tuning for tests
 */
export function createRegistryClient(options: RegistryOptions, tuning: Partial<Tuning> = {}): RegistryClient {
  const hosts = new Hosts(options, { ...defaultTuning, ...tuning });
  return {
    repository: (name) => repositoryAt({ hosts, name }),
    async login(host, signal) {
      const session = await hosts.askSession(host);
      const subject = { title: `login at ${host}`, host };
      discard(await session.send({ method: 'GET', target: '/', scopes: [], expect: [200], subject, signal }));
    },
    catalog: (host, signal) => listCatalog(hosts, host, signal),
    async [Symbol.asyncDispose]() {
      hosts.close();
    },
  };
}
