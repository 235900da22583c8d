import type { Labels } from '../content.ts';

/** containerd's label with the end of an image's or a lease's life, RFC 3339. */
export const expireLabel = 'containerd.io/gc.expire';

/** Milliseconds since 1970; undefined without the label. What is no time is no end, as containerd has it. */
export function expiryOf(labels: Labels): number | undefined {
  const time = Date.parse(labels[expireLabel] ?? '');
  return Number.isNaN(time) ? undefined : time;
}
