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
    pending.push(...edges(node));
  }
  return things;
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

/** Without the holder itself, which is told by its name. */
function keysOf(last: Step): string[] {
  const keys: string[] = [];
  for (let step: Step | undefined = last; step !== undefined; step = step.from) {
    const isHolder = step.from === undefined && (step.node.kind === 'image' || step.node.kind === 'container');
    if (!isHolder) keys.unshift(step.node.key);
  }
  return keys;
}
