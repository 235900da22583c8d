import type { Labels } from '../content.ts';
import type { Holder } from '../metadata.ts';
import type { Tables } from '../metadata/sqlite-metadata.ts';

/** A thing that can be kept: a blob as one scope sees it, or a snapshot. */
export interface Node {
  readonly kind: 'blob' | 'snapshot';
  /** Of a blob; empty for snapshots, which all namespaces share. */
  readonly scope: string;
  /** Digest or snapshot key. */
  readonly key: string;
}

/** What keeps a thing without being kept by anything itself. */
export interface Root {
  readonly holder: Omit<Holder, 'path'>;
  readonly node: Node;
}

/** Everything that can hold and be held, as one transaction sees it. */
export interface Graph {
  readonly roots: readonly Root[];
  /** What a node refers to. */
  readonly edges: (node: Node) => readonly Node[];
}

const rootLabel = 'containerd.io/gc.root';
const contentLabel = 'containerd.io/gc.ref.content';
const snapshotLabel = 'containerd.io/gc.ref.snapshot.';

export function nodeId({ kind, scope, key }: Node): string {
  return `${kind} ${scope} ${key}`;
}

/** @param driver the snapshotter whose `gc.ref.snapshot.DRIVER` labels count */
export function readGraph(tx: Tables, driver: string): Graph {
  const scope = (namespace: string): string => tx.namespaces.scope(namespace);
  const roots: Root[] = [];
  const blobs = new Map<string, string>();
  for (const { scope: owner, digest, labels } of tx.blobs.all()) {
    const node = blob(owner, digest);
    blobs.set(nodeId(node), labels);
    if (labels.includes(rootLabel)) roots.push(...labelRoot(node, parse(labels)));
  }
  const snapshots = new Map<string, Node[]>();
  for (const { key, parent, labels } of tx.snapshots.all()) {
    snapshots.set(key, [...(parent === '' ? [] : [snapshot(parent)]), ...labelEdges('', labels, driver)]);
    roots.push(...labelRoot(snapshot(key), labels));
  }
  for (const { namespace, name, digest, labels } of tx.images.targets()) {
    const holder = { kind: 'image', namespace, name } as const;
    for (const node of [blob(scope(namespace), digest), ...labelEdges(scope(namespace), parse(labels), driver)]) {
      roots.push({ holder, node });
    }
  }
  for (const { id, namespace, image_target: target, snapshot_key: key } of tx.containers.needs()) {
    const holder = { kind: 'container', namespace, name: id } as const;
    roots.push({ holder, node: blob(scope(namespace), target) }, { holder, node: snapshot(key) });
  }
  for (const { namespace, lease, kind, key } of tx.leases.protected()) {
    const node = kind === 'blob' ? blob(scope(namespace), key) : snapshot(key);
    roots.push({ holder: { kind: 'lease', namespace, name: lease }, node });
  }
  const edges = (node: Node): readonly Node[] => {
    if (node.kind === 'snapshot') return snapshots.get(node.key) ?? [];
    return labelEdges(node.scope, parse(blobs.get(nodeId(node)) ?? '{}'), driver);
  };
  return { roots, edges };
}

function labelRoot(node: Node, labels: Labels): Root[] {
  if (labels[rootLabel] === undefined) return [];
  return [{ holder: { kind: 'label', namespace: '', name: node.key }, node }];
}

function labelEdges(scope: string, labels: Labels, driver: string): Node[] {
  const nodes: Node[] = [];
  for (const [label, value] of Object.entries(labels)) {
    if (isNamed(label, contentLabel)) nodes.push(blob(scope, value));
    else if (isNamed(label, snapshotLabel + driver)) nodes.push(snapshot(value));
  }
  return nodes;
}

/** The label itself, or the label with a suffix that tells it from others of its kind. */
function isNamed(label: string, name: string): boolean {
  return label.startsWith(name) && (label.length === name.length || /[./]/.test(label[name.length] ?? ''));
}

function parse(labels: string): Labels {
  return labels === '{}' ? {} : (JSON.parse(labels) as Labels);
}

function blob(scope: string, key: string): Node {
  return { kind: 'blob', scope, key };
}

function snapshot(key: string): Node {
  return { kind: 'snapshot', scope: '', key };
}
