/** The twelve characters that tables show. The model's own function would load node:crypto, 9 ms of a command. */
export function shortId(digestOrId: string): string {
  return digestOrId.slice(digestOrId.indexOf(':') + 1).slice(0, 12);
}
