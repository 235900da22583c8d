/** Where to connect: the socket of the first `unix:` entry of a D-Bus address; abstract names begin with a NUL. */
export function socketOfAddress(address: string): string | undefined {
  for (const entry of address.split(';')) {
    const [transport, pairs = ''] = entry.split(/:(.*)/s);
    if (transport !== 'unix') continue;
    const values = new Map(pairs.split(',').map((pair) => pair.split(/=(.*)/s, 2) as [string, string]));
    const path = values.get('path') ?? (values.has('abstract') ? `\0${values.get('abstract')}` : undefined);
    if (path !== undefined) return path.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => unescapeByte(hex));
  }
  return undefined;
}

const unescapeByte = (hex: string) => String.fromCharCode(Number.parseInt(hex, 16));
