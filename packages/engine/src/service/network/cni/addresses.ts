import type { CniResult } from './plugin-answer.ts';

/**
 * The pod's addresses in a result, in its order, without prefix lengths: those of its interface, and those that name none.
 * Before 0.3.0 a result has one of each family.
 */
export function addressesOf(result: CniResult, interfaceName: string): string[] {
  const interfaces = records(result['interfaces']);
  const own = records(result['ips']).filter(({ interface: index }) => {
    const found = typeof index === 'number' ? interfaces[index] : undefined;
    return found === undefined || found['name'] === interfaceName;
  });
  const old = ['ip4', 'ip6'].flatMap((family) => records([result[family]]).map(({ ip }) => ip));
  return [...own.map(({ address }) => address), ...old]
    .filter((address) => typeof address === 'string')
    .map((address) => address.split('/')[0] ?? '');
}

function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(value)) return [];
  return value.filter((one): one is Readonly<Record<string, unknown>> => typeof one === 'object' && one !== null);
}
