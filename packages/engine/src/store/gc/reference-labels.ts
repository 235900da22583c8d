import type { Labels } from '../content.ts';
import { blob, container, image, type Node, snapshot } from './node.ts';

/** Where the thing lives that carries the labels: what names in them mean. */
export interface Place {
  readonly scope: string;
  /** Namespaces that see the scope: in them image names are looked for. */
  readonly namespaces: readonly string[];
  /** The snapshotter whose labels count. */
  readonly driver: string;
}

/** containerd's labels (its docs/garbage-collection.md); each may have a suffix that tells it from others of its kind. */
export const rootLabel = 'containerd.io/gc.root';
const forward = 'containerd.io/gc.ref.';
const backward = 'containerd.io/gc.bref.';

/** What a thing with these labels holds. */
export function heldBy(labels: Labels, place: Place): Node[] {
  return named(labels, forward, place);
}

/** What holds a thing with these labels, because the thing says so. */
export function holdersIn(labels: Labels, place: Place): Node[] {
  return named(labels, backward, place);
}

/** A quick look at labels as they are stored, JSON: most have none of these. */
export function mayHold(labels: string): boolean {
  return labels.includes(forward);
}

export function mayHaveHolders(labels: string): boolean {
  return labels.includes(backward);
}

function named(labels: Labels, prefix: string, place: Place): Node[] {
  const nodes: Node[] = [];
  for (const [label, value] of Object.entries(labels)) {
    if (label.startsWith(prefix)) nodes.push(...nodesOf(label.slice(prefix.length), value, place));
  }
  return nodes;
}

function nodesOf(kind: string, value: string, { scope, namespaces, driver }: Place): Node[] {
  if (isNamed(kind, 'content')) return [blob(scope, value)];
  if (isNamed(kind, `snapshot.${driver}`)) return [snapshot(value)];
  if (isNamed(kind, 'image')) return namespaces.map((namespace) => image(namespace, value));
  if (isNamed(kind, 'container')) return [container(value)];
  return [];
}

/** The name itself, or the name with a suffix. */
function isNamed(label: string, name: string): boolean {
  return label.startsWith(name) && (label.length === name.length || /[./]/.test(label[name.length] ?? ''));
}
