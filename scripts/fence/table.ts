import type { Layer } from './layer.ts';

export interface Rule {
  /** Layers besides its own that a layer may import. */
  readonly may: readonly Layer[];
  /** Layers of which it may import types. */
  readonly mayTypes?: readonly Layer[];
}

const contracts = ['service contract', 'store contract'];
const engine = [...contracts, 'service', 'store', 'host', 'compose'];

/** Who may import whom: the table of ARCHITECTURE.md. */
const table: Readonly<Record<Layer, Rule>> = {
  model: { may: [] },
  wire: { may: ['model'] },
  addon: { may: ['model'] },
  image: { may: ['model', 'addon', 'wire'] },
  runtime: { may: ['model', 'addon'] },
  'store contract': { may: ['model'] },
  store: { may: ['model', 'addon', 'store contract'] },
  'service contract': { may: ['model', 'store contract'], mayTypes: ['image', 'runtime'] },
  service: { may: ['model', 'image', 'runtime', ...contracts] },
  host: { may: ['model', 'wire'] },
  compose: { may: ['model', 'image', 'runtime', 'daemon', ...engine] },
  daemon: { may: ['model', 'compose'], mayTypes: engine },
  sdk: { may: ['model', 'wire'] },
  cli: { may: ['sdk', 'model', 'image'], mayTypes: ['wire'] },
  ui: { may: ['sdk', 'model'] },
};

const dialect: Rule = { may: ['model', 'wire', 'host'], mayTypes: contracts };

/** Undefined for a folder that the table does not know. */
export function ruleOf(layer: Layer): Rule | undefined {
  return layer.startsWith('api/') ? dialect : table[layer];
}

/** Why the import is a breach, or undefined. `compose` may import every dialect. */
export function breachOf(from: Layer, to: Layer, typeOnly: boolean): string | undefined {
  if (from === to || (from === 'compose' && to.startsWith('api/'))) return undefined;
  const rule = ruleOf(from);
  if (rule === undefined) return `${from} is not in the table of scripts/fence/table.ts`;
  if (rule.may.includes(to)) return undefined;
  if (rule.mayTypes?.includes(to)) return typeOnly ? undefined : `${from} may import only types of ${to}`;
  return `${from} may not import ${to}`;
}
