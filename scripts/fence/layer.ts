/**
 * A layer is what the table in ARCHITECTURE.md has rules for: a package, or a folder of the engine.
 * Dialects are named one by one (`api/native`), so that none can import another.
 */
export type Layer = string;

/** Transports that know no dialect. */
const hosts = new Set(['http', 'rpc', 'streaming']);

/** Opens all the stores: an implementation, although it lies beside the contracts. */
const openStores = 'packages/engine/src/store/open-stores.ts';

/** The layer of a file, by its path from the root of the project. Undefined outside of packages. */
export function layerOf(file: string): Layer | undefined {
  const [folder, name, source, ...rest] = file.split('/');
  if (folder !== 'packages' || name === undefined || source !== 'src') return undefined;
  return name === 'engine' ? engineLayer(file, rest) : name;
}

function engineLayer(file: string, [part, ...below]: readonly string[]): Layer {
  switch (part) {
    case 'store':
      return below.length === 1 && file !== openStores ? 'store contract' : 'store';
    case 'service':
      return below.at(-1) === 'contract.ts' ? 'service contract' : 'service';
    case 'api':
      return hosts.has(below[0] ?? '') ? 'host' : `api/${below[0]}`;
    case 'daemon':
      return below[0]?.startsWith('compose') ? 'compose' : 'daemon';
    default:
      return `engine/${part}`;
  }
}
