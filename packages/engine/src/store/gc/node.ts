/** A thing that can be kept: a blob as one scope sees it, a snapshot, an image's name or a container. */
export interface Node {
  readonly kind: 'blob' | 'snapshot' | 'image' | 'container';
  /** Of a blob its scope, of an image its namespace; empty for the others, which all namespaces share. */
  readonly scope: string;
  /** Digest, snapshot key, image name or container id. */
  readonly key: string;
  /** The same for every holder, flat or not; made once, because graphs are walked by it. */
  readonly id: string;
  /** Held alone, without what it refers to. */
  readonly isFlat?: boolean;
}

export function blob(scope: string, key: string): Node {
  return { kind: 'blob', scope, key, id: `blob ${scope} ${key}` };
}

export function snapshot(key: string): Node {
  return { kind: 'snapshot', scope: '', key, id: `snapshot  ${key}` };
}

export function image(namespace: string, key: string): Node {
  return { kind: 'image', scope: namespace, key, id: `image ${namespace} ${key}` };
}

export function container(key: string): Node {
  return { kind: 'container', scope: '', key, id: `container  ${key}` };
}

/** The same for every holder, flat or not. */
export function thingId({ id }: Node): string {
  return id;
}

export function nodeId(node: Node): string {
  return node.isFlat === true ? `flat ${thingId(node)}` : thingId(node);
}
