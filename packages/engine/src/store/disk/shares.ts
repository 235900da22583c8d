import type { TargetUse } from '../disk.ts';
import { type Graph, type GraphOptions, readGraph } from '../gc/graph.ts';
import { type Node, nodeId } from '../gc/node.ts';
import type { Tables } from '../metadata/sqlite-metadata.ts';

/** Bytes of what is on the disk, by digest and by snapshot key. */
export interface Sizes {
  readonly blobs: ReadonlyMap<string, number>;
  readonly snapshots: ReadonlyMap<string, number>;
}

export interface ShareOptions extends GraphOptions {
  readonly sizes: Sizes;
}

export interface Shares {
  readonly targets: ReadonlyMap<string, TargetUse>;
  /** Whether anything holds it. */
  readonly isHeld: (kind: 'blob' | 'snapshot', key: string) => boolean;
}

/** Who shares what: walks from each image's target and from everything else that holds. */
export function readShares(tx: Tables, namespace: string, options: ShareOptions): Shares {
  const { driver, now, sizes } = options;
  const graph = readGraph(tx, { driver, now });
  const scope = tx.namespaces.scope(namespace);
  // The same target in two share groups is two: removing one frees nothing of the other.
  const scopes = new Map(tx.namespaces.list().map(({ name }) => [name, tx.namespaces.scope(name)]));
  const byTarget = new Map<string, Node[]>();
  const others: Node[] = [];
  for (const { holder, node } of graph.roots) {
    if (holder.kind !== 'image') others.push(node);
    else add(byTarget, `${scopes.get(node.scope)} ${graph.edges(node)[0]?.key}`, node);
  }
  const heldByOthers = reach(graph, others);
  const reached = new Map([...byTarget].map(([target, nodes]) => [target, reach(graph, nodes)]));
  const holders = new Map<string, number>();
  for (const things of reached.values()) for (const id of things) holders.set(id, (holders.get(id) ?? 0) + 1);
  const targets = new Map<string, TargetUse>();
  for (const [target, things] of reached) {
    const [of, digest = ''] = target.split(' ');
    if (of === scope) targets.set(digest, addUp(things, { sizes, holders, heldByOthers }));
  }
  const isHeld = (kind: string, key: string): boolean =>
    holders.has(`${kind} ${key}`) || heldByOthers.has(`${kind} ${key}`);
  return { targets, isHeld };
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** What takes space, without scopes: a blob is one file for all of them. */
function reach({ edges }: Graph, from: readonly Node[]): Set<string> {
  const seen = new Set<string>();
  const things = new Set<string>();
  const pending = [...from];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const id = nodeId(node);
    if (seen.has(id)) continue;
    seen.add(id);
    if (node.kind === 'blob' || node.kind === 'snapshot') things.add(`${node.kind} ${node.key}`);
    pending.push(...edges(node));
  }
  return things;
}

interface Held {
  readonly sizes: Sizes;
  /** How many targets reach a thing. */
  readonly holders: ReadonlyMap<string, number>;
  readonly heldByOthers: ReadonlySet<string>;
}

function addUp(things: ReadonlySet<string>, { sizes, holders, heldByOthers }: Held): TargetUse {
  let [unique, shared, reclaimable] = [0, 0, 0];
  for (const id of things) {
    const at = id.indexOf(' ');
    const bytes = (id.startsWith('blob') ? sizes.blobs : sizes.snapshots).get(id.slice(at + 1)) ?? 0;
    if (holders.get(id) !== 1) shared += bytes;
    else unique += bytes;
    if (holders.get(id) === 1 && !heldByOthers.has(id)) reclaimable += bytes;
  }
  return { unique, shared, reclaimable };
}
