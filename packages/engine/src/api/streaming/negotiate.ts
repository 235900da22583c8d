import type { IncomingMessage } from 'node:http';

/** Names in a header that may come several times, and hold a list each time. */
export function offeredProtocols({ headersDistinct }: IncomingMessage, header: string): string[] {
  const values = headersDistinct[header] ?? [];
  return values
    .flatMap((value) => value.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** The client's first choice that is spoken here. */
export function choose<T>(offered: readonly string[], known: Readonly<Record<string, T>>): [string, T] | undefined {
  const name = offered.find((one) => one !== '' && Object.hasOwn(known, one));
  return name === undefined ? undefined : [name, known[name] as T];
}
