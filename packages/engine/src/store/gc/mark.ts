import type { Holder } from '../metadata.ts';
import type { Graph } from './graph.ts';
import { type Node, nodeId, thingId } from './node.ts';

/** Ids of all things that some root reaches. */
export function mark({ roots, edges }: Graph): ReadonlySet<string> {
  const seen = new Set<string>();
  const things = new Set<string>();
  const pending = roots.map(({ node }) => node);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const id = nodeId(node);
    if (seen.has(id)) continue;
    seen.add(id);
    things.add(thingId(node));
    for (const below of edges(node)) if (!seen.has(nodeId(below))) pending.push(below);
  }
  return things;
}

/** For each root that reaches a blob, one shortest way from it to there. Looks at each edge once, however many roots. */
export function holdersOf(graph: Graph, digest: string): Holder[] {
  const { known, above } = turnedRound(graph);
  // The next step down to the blob, for all that reach it.
  const next = new Map<string, Node | undefined>();
  const queue = [...known.values()].filter(({ kind, key }) => kind === 'blob' && key === digest);
  for (const node of queue) next.set(nodeId(node), undefined);
  // The list grows while it is walked: breadth first.
  for (const node of queue) {
    for (const holder of above.get(nodeId(node)) ?? []) {
      if (next.has(nodeId(holder))) continue;
      next.set(nodeId(holder), node);
      queue.push(holder);
    }
  }
  const holding = graph.roots.filter(({ node }) => next.has(nodeId(node)));
  return holding.map(({ holder, node }) => ({ ...holder, path: keysOf(node, next) }));
}

interface TurnedRound {
  readonly known: ReadonlyMap<string, Node>;
  /** What refers to a node. */
  readonly above: ReadonlyMap<string, readonly Node[]>;
}

function turnedRound({ roots, edges }: Graph): TurnedRound {
  const known = new Map<string, Node>();
  const above = new Map<string, Node[]>();
  const pending = roots.map(({ node }) => node);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (known.has(nodeId(node))) continue;
    known.set(nodeId(node), node);
    for (const below of edges(node)) {
      const holders = above.get(nodeId(below));
      if (holders === undefined) above.set(nodeId(below), [node]);
      else holders.push(node);
      pending.push(below);
    }
  }
  return { known, above };
}

/** Without the holder itself, which is told by its name. */
function keysOf(start: Node, next: ReadonlyMap<string, Node | undefined>): string[] {
  const keys: string[] = [];
  for (let node: Node | undefined = start; node !== undefined; node = next.get(nodeId(node))) {
    const isHolder = node === start && (node.kind === 'image' || node.kind === 'container');
    if (!isHolder) keys.push(node.key);
  }
  return keys;
}
