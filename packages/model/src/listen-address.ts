import { BerthError } from './error.ts';

/** Where to listen for TCP. */
export interface ListenAddress {
  /** A name or an address; of IPv6 without brackets. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** `HOST:PORT`, `[ADDRESS]:PORT`, or `:PORT` for every address. @throws invalid_argument */
export function parseAddress(text: string): ListenAddress {
  const [, inBrackets, plain, port = ''] = /^(?:\[([^[\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = inBrackets ?? plain;
  if (host !== undefined && Number(port) < 65536) return { host: host === '' ? '::' : host, port: Number(port) };
  throw new BerthError('invalid_argument', `'${text}' is not an address to listen on`, {
    hint: 'give HOST:PORT, such as 127.0.0.1:5000',
  });
}

/** As a URL has it. */
export function formatAddress({ host, port }: ListenAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Whether only this machine's own programs reach it. */
export function isLoopback({ host }: ListenAddress): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
