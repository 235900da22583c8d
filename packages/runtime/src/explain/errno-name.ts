import { constants } from 'node:os';

/** `ENOENT` for 2; the number itself when it has no name. */
export function errnoNameOf(errno: number): string {
  const found = Object.entries(constants.errno).find(([, number]) => number === Math.abs(errno));
  return found?.[0] ?? String(errno);
}
