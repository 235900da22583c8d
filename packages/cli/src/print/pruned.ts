import type { PruneResult } from '@berth/wire/native/api';
import { decimalSize } from './human-size.ts';

/** What docker's prune commands say went, with an empty line after it; nothing when nothing did. */
export function prunedImages({ untagged, deleted }: Pick<PruneResult, 'untagged' | 'deleted'>): string {
  if (untagged.length + deleted.length === 0) return '';
  const lines = [...untagged.map((name) => `untagged: ${name}\n`), ...deleted.map((id) => `deleted: ${id}\n`)];
  return `Deleted Images:\n${lines.join('')}\n`;
}

export function prunedContainers(ids: readonly string[]): string {
  return ids.length === 0 ? '' : `Deleted Containers:\n${ids.map((id) => `${id}\n`).join('')}\n`;
}

export function reclaimed(bytes: number): string {
  return `Total reclaimed space: ${decimalSize(bytes)}\n`;
}
