import type { Holder } from '../metadata.ts';
import { type Graph, type Node, nodeId } from './graph.ts';

/** Ids of all nodes that some root reaches. */
export function mark({ roots, edges }: Graph): ReadonlySet<string> {
  const marked = new Set<string>();
  const pending = roots.map(({ node }) => node);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const id = nodeId(node);
    if (marked.has(id)) continue;
    marked.add(id);
    pending.push(...edges(node));
  }
  return marked;
}

/** For each root that reaches a blob, one shortest way from it to there. */
export function holdersOf({ roots, edges }: Graph, digest: string): Holder[] {
  const found: Holder[] = [];
  for (const { holder, node } of roots) {
    const path = pathTo(node, digest, edges);
    if (path !== undefined) found.push({ ...holder, path });
  }
  return found;
}

interface Step {
  readonly node: Node;
  readonly from?: Step;
}

function pathTo(start: Node, digest: string, edges: Graph['edges']): string[] | undefined {
  const seen = new Set([nodeId(start)]);
  const steps: Step[] = [{ node: start }];
  // The list grows while it is walked: breadth first.
  for (const step of steps) {
    if (step.node.kind === 'blob' && step.node.key === digest) return keysOf(step);
    for (const node of edges(step.node)) {
      if (seen.has(nodeId(node))) continue;
      seen.add(nodeId(node));
      steps.push({ node, from: step });
    }
  }
  return undefined;
}

function keysOf(last: Step): string[] {
  const keys: string[] = [];
  for (let step: Step | undefined = last; step !== undefined; step = step.from) keys.unshift(step.node.key);
  return keys;
}
