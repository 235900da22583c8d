/**
 * Parts of a long list for the methods that stream one, so that no message nears the limit of its size. Each item goes out
 * once; an empty list sends nothing.
 */
export function* batches<T>(items: readonly T[], size = 100): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
