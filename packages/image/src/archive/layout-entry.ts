import { isKind } from '@berth/model/error';
import type { Descriptor } from '@berth/model/manifest';
import { parseReference } from '@berth/model/reference';
import { fullNameAnnotation, refNameAnnotation } from './oci-layout.ts';

/**
 * The entries of index.json for an image: one for each name, or a nameless one. A full name stands in both annotations,
 * OCI's and containerd's; what is a mere tag only in OCI's.
 */
export function layoutEntries(
  target: Descriptor,
  reference: string | undefined,
  names: readonly string[],
): readonly Descriptor[] {
  const references = [...new Set([...(reference === undefined ? [] : [reference]), ...names])];
  if (references.length === 0) return [target];
  return references.map((one) => {
    const full = fullName(one);
    const name: Record<string, string> = full === undefined ? {} : { [fullNameAnnotation]: full };
    return { ...target, annotations: { ...target.annotations, ...name, [refNameAnnotation]: one } };
  });
}

/** Whether the new entry takes the old one's place: both have one reference, or are nameless and the same image. */
export function replaces(entry: Descriptor, old: Descriptor): boolean {
  const reference = entry.annotations?.[refNameAnnotation];
  if (reference !== old.annotations?.[refNameAnnotation]) return false;
  return reference !== undefined || entry.digest === old.digest;
}

/** `1` and `latest` are tags, as skopeo and umoci take them; `app:1` and `example.com/app` are names. */
function fullName(reference: string): string | undefined {
  if (!/[/:]/.test(reference)) return undefined;
  try {
    return parseReference(reference).name;
  } catch (error) {
    if (isKind(error, 'invalid_argument')) return undefined;
    throw error;
  }
}
