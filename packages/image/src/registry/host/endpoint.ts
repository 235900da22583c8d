import type { TlsSettings } from './tls.ts';

/** What a host may be asked for (containerd's hosts.toml). */
export type Capability = 'pull' | 'resolve' | 'push' | 'referrers';

export const allCapabilities: readonly Capability[] = ['pull', 'resolve', 'push', 'referrers'];

/** One host that serves a registry's images: the registry itself or a mirror. A plain value. */
export interface Endpoint {
  /** The API's root with its path and no slash at the end, `https://registry-1.docker.io/v2`. */
  readonly url: string;
  /** Whose credentials are for it: `docker.io`, `localhost:5000`. */
  readonly credentialHost: string;
  readonly capabilities: readonly Capability[];
  /** Sent with every request to it, not along a redirect. */
  readonly header: Readonly<Record<string, string>>;
  readonly tls: TlsSettings;
  /** When https does not answer, http is tried: loopback and what the user calls insecure. */
  readonly mayFallBack: boolean;
  /** Credentials may go over http: as above. */
  readonly plainCredentials: boolean;
  /** The registry that a mirror stands for, sent as `ns`. */
  readonly namespace?: string;
}
