import type { PodNetwork } from '#service/network/contract';
import type { CriBackend, CriFacts } from '../backend.ts';

/** Whether pods can be run, and what of the CRI's options they may use. */
export async function runtimeStatus({ network, facts }: CriBackend, verbose: boolean) {
  const { ready, reason, message } = network.status();
  return {
    status: {
      conditions: [
        { type: 'RuntimeReady', status: true, reason: '', message: '' },
        { type: 'NetworkReady', status: ready, reason, message },
      ],
    },
    runtimeHandlers: await handlers(facts),
    features: { supplementalGroupsPolicy: true, userNamespacesHostNetwork: true },
    info: verbose ? statusInfo(network, facts) : {},
  };
}

/** For `crictl info`. */
function statusInfo(network: PodNetwork, facts: CriFacts): Record<string, string> {
  return { config: JSON.stringify(facts.describe()), network: JSON.stringify(network.describe()) };
}

/** By name. The default one is there twice: kubelet looks for the one without a name too. */
async function handlers({ runtimes, defaultRuntime }: CriFacts) {
  const named = (await runtimes()).map(({ name, recursiveReadonly, userNamespaces }) => ({
    name,
    features: { recursiveReadOnlyMounts: recursiveReadonly, userNamespaces },
  }));
  const unnamed = named.filter(({ name }) => name === defaultRuntime).map((each) => ({ ...each, name: '' }));
  return [...unnamed, ...named].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
