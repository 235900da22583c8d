import { Agent as PlainAgent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { createSecureContext, getCACertificates } from 'node:tls';
import { BerthError } from '@berth/model/error';
import { isLoopback } from '../host/loopback.ts';
import { systemTls, type TlsSettings } from '../host/tls.ts';

const common = { keepAlive: true, maxSockets: 32, scheduling: 'lifo' } as const;

/** Connections that are kept for the next request, apart for each way to prove who is who. */
export class Agents {
  readonly #made = new Map<string, PlainAgent | TlsAgent>();

  /** @throws invalid_argument (`bad_certificate`) */
  for(url: URL, tls: TlsSettings = systemTls): PlainAgent | TlsAgent {
    const direct = isLoopback(url.host);
    const key = `${url.protocol}${direct}${url.protocol === 'https:' ? JSON.stringify(tls) : ''}`;
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    // HTTPS_PROXY and its like, as every client heeds them; never for this machine itself.
    const proxy = direct ? {} : { proxyEnv: process.env };
    const agent =
      url.protocol === 'https:'
        ? new TlsAgent({ ...common, ...proxy, ...tlsOptions(tls) })
        : new PlainAgent({ ...common, ...proxy });
    this.#made.set(key, agent);
    return agent;
  }

  /** Ends all connections, also those in use. */
  close(): void {
    for (const agent of this.#made.values()) agent.destroy();
    this.#made.clear();
  }
}

/** One context for all connections: reading some 300 certificates for each would be felt. */
export function tlsOptions({ ca, client, skipVerify }: TlsSettings) {
  try {
    return {
      rejectUnauthorized: !skipVerify,
      secureContext: createSecureContext({
        minVersion: 'TLSv1.2',
        ca: skipVerify ? [] : [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...ca])],
        cert: client.map(({ certificate }) => certificate),
        key: client.map(({ key }) => key),
      }),
    };
  } catch (cause) {
    throw new BerthError('invalid_argument', 'a certificate or key for a registry cannot be used', {
      code: 'bad_certificate',
      cause,
      hint: "look at ca and client of the registry's hosts.toml: they name files in PEM",
    });
  }
}
