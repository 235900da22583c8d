import type { Labels } from '../content.ts';
import type { Holder } from '../metadata.ts';
import { expireLabel, expiryOf } from '../metadata/expiry.ts';
import type { Tables } from '../metadata/sqlite-metadata.ts';
import { blob, container, image, type Node, snapshot, thingId } from './node.ts';
import { heldBy, holdersIn, mayHaveHolders, mayHold, type Place, rootLabel } from './reference-labels.ts';

/** What keeps a thing without being kept by anything itself. */
export interface Root {
  readonly holder: Omit<Holder, 'path'>;
  readonly node: Node;
}

/** Everything that can hold and be held, as one transaction sees it. */
export interface Graph {
  readonly roots: readonly Root[];
  /** Everything that is recorded. */
  readonly nodes: readonly Node[];
  /** What a node refers to. */
  readonly edges: (node: Node) => readonly Node[];
}

/** A node with what it has and, unless nothing but its labels say it, what it refers to. */
interface Entry {
  readonly node: Node;
  /** JSON. */
  readonly labels: string;
  readonly place: Place;
  readonly needs: readonly Node[];
  /** Of a container. */
  readonly namespace?: string;
}

export interface GraphOptions {
  /** The snapshotter whose `gc.ref.snapshot.DRIVER` labels count. */
  readonly driver: string;
  /** Milliseconds since 1970: images whose time is over hold nothing. */
  readonly now: number;
}

export function readGraph(tx: Tables, { driver, now }: GraphOptions): Graph {
  const roots: Root[] = [];
  const entries = new Map<string, Entry>();
  const held = new Map<string, Node[]>();
  for (const entry of readEntries(tx, placesOf(tx, driver))) {
    entries.set(thingId(entry.node), entry);
    if (isRoot(entry, now)) roots.push({ holder: holderOf(entry), node: entry.node });
    if (!mayHaveHolders(entry.labels)) continue;
    for (const holder of holdersIn(parse(entry.labels), entry.place)) {
      held.set(thingId(holder), [...(held.get(thingId(holder)) ?? []), entry.node]);
    }
  }
  roots.push(...leasedThings(tx));
  const nodes = Array.from(entries.values(), ({ node }) => node);
  return { roots, nodes, edges: (node) => edgesOf(node, entries.get(thingId(node)), held.get(thingId(node)) ?? []) };
}

/** The label of what carries it names no namespace: content belongs to a scope, snapshots to all. */
function holderOf({ node: { kind, scope, key }, namespace = scope }: Entry): Root['holder'] {
  if (kind === 'image' || kind === 'container') return { kind, namespace, name: key };
  return { kind: 'label', namespace: '', name: key };
}

function isRoot({ node, labels }: Entry, now: number): boolean {
  if (node.kind === 'container') return true;
  if (node.kind !== 'image') return labels.includes(rootLabel) && parse(labels)[rootLabel] !== undefined;
  return !isExpired(labels, now);
}

/** Whether labels, as JSON, say that the time of what carries them is over. */
export function isExpired(labels: string, now: number): boolean {
  return labels.includes(expireLabel) && (expiryOf(parse(labels)) ?? now + 1) <= now;
}

function edgesOf(node: Node, entry: Entry | undefined, held: readonly Node[]): readonly Node[] {
  if (entry === undefined) return [];
  // A tree is nothing without those below it, however flatly it is held.
  if (node.isFlat === true)
    return node.kind === 'snapshot' ? entry.needs.map((need) => ({ ...need, isFlat: true })) : [];
  const labelled = !mayHold(entry.labels) ? [] : heldBy(parse(entry.labels), entry.place);
  return [...entry.needs, ...labelled, ...held];
}

function* readEntries(tx: Tables, { ofScope, ofNamespace }: Places): Iterable<Entry> {
  for (const { scope, digest, labels } of tx.blobs.all()) {
    yield { node: blob(scope, digest), labels, place: ofScope(scope), needs: [] };
  }
  for (const { key, parent, labels, namespace } of tx.snapshots.edges()) {
    const needs = parent === '' ? [] : [snapshot(parent)];
    yield { node: snapshot(key), labels, place: ofNamespace(namespace), needs };
  }
  for (const { namespace, name, digest, labels } of tx.images.targets()) {
    const place = ofNamespace(namespace);
    yield { node: image(namespace, name), labels, place, needs: [blob(place.scope, digest)] };
  }
  for (const { id, namespace, image_target: target, snapshot_key: key } of tx.containers.needs()) {
    const place = ofNamespace(namespace);
    yield { node: container(id), namespace, labels: '{}', place, needs: [blob(place.scope, target), snapshot(key)] };
  }
}

function leasedThings(tx: Tables): Root[] {
  const roots: Root[] = [];
  for (const { namespace, lease, kind, key, isFlat } of tx.leases.protected()) {
    if (kind === 'ingest') continue;
    const node = kind === 'blob' ? blob(tx.namespaces.scope(namespace), key) : snapshot(key);
    roots.push({ holder: { kind: 'lease', namespace, name: lease }, node: isFlat ? { ...node, isFlat } : node });
  }
  return roots;
}

interface Places {
  readonly ofScope: (scope: string) => Place;
  readonly ofNamespace: (namespace: string) => Place;
}

function placesOf(tx: Tables, driver: string): Places {
  const scopes = new Map<string, Place>();
  const namespaces = new Map<string, Place>();
  const ofScope = (scope: string): Place => {
    const place = scopes.get(scope) ?? { scope, namespaces: tx.namespaces.members(scope), driver };
    scopes.set(scope, place);
    return place;
  };
  const ofNamespace = (namespace: string): Place => {
    const found = namespaces.get(namespace);
    if (found !== undefined) return found;
    const place = { scope: tx.namespaces.scope(namespace), namespaces: [namespace], driver };
    namespaces.set(namespace, place);
    return place;
  };
  return { ofScope, ofNamespace };
}

function parse(labels: string): Labels {
  return labels === '{}' ? {} : (JSON.parse(labels) as Labels);
}
