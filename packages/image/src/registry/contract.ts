import type { Digest } from '@berth/model/digest';
import type { Descriptor } from '@berth/model/manifest';
import type { Reference } from '@berth/model/reference';
import type { RepositoryName } from '../medium/medium.ts';

/**
 * A registry as OCI's distribution-spec 1.1 describes it, seen through its mirrors (containerd's hosts.toml).
 *
 * Errors: not_found (`no_such_manifest`, `no_such_blob`, `no_such_repository`), unauthenticated (no or wrong
 * credentials), permission_denied, resource_exhausted (429 after all retries), unavailable (no connection, 5xx),
 * data_loss (wrong bytes), invalid_argument (what the registry refuses). Messages name the host and the repository and
 * never hold credentials.
 */
export interface RegistryClient extends AsyncDisposable {
  repository(name: RepositoryName): Repository;
  /** Checks that the credentials for this host are good (`berth login`). @throws unauthenticated */
  login(host: string, signal: AbortSignal): Promise<void>;
  /** Names of repositories from `_catalog`, page by page. @throws unimplemented where the registry has none */
  catalog(host: string, signal: AbortSignal): AsyncIterable<string>;
}

export interface Repository {
  readonly name: RepositoryName;
  /** HEAD, or GET where HEAD does not tell; `bytes` when they came along. */
  resolve(
    reference: Pick<Reference, 'tag' | 'digest'>,
    signal: AbortSignal,
  ): Promise<{ readonly descriptor: Descriptor; readonly bytes?: Uint8Array }>;
  /** A manifest or an index, verified, at most 4 MiB. */
  manifest(descriptor: Pick<Descriptor, 'digest' | 'size' | 'mediaType'>, signal: AbortSignal): Promise<Uint8Array>;
  hasManifest(digest: Digest, signal: AbortSignal): Promise<boolean>;
  hasBlob(digest: Digest, signal: AbortSignal): Promise<boolean>;
  /**
   * A blob's bytes from an offset, in order. Lost connections are taken up again where they broke; a big blob is
   * fetched in parallel ranges where the registry can, with bounded memory. Never more than `size` bytes; not verified.
   */
  blob(
    descriptor: Pick<Descriptor, 'digest' | 'size' | 'urls'>,
    signal: AbortSignal,
    offset?: number,
  ): AsyncIterable<Uint8Array>;
  /** True when the registry took the blob over from another repository of its own. */
  mount(digest: Digest, from: string, signal: AbortSignal): Promise<boolean>;
  /** Monolithic or chunked; a broken upload goes on where the registry says it is. `read` may be called again. */
  pushBlob(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    read: (offset: number) => AsyncIterable<Uint8Array>,
    options: { readonly signal: AbortSignal; readonly onProgress?: (bytes: number) => void },
  ): Promise<void>;
  /** Under a tag, or under its digest alone. With a subject the referrers' tag is kept up where the API is missing. */
  pushManifest(
    descriptor: Descriptor,
    bytes: Uint8Array,
    options: { readonly tag?: string; readonly signal: AbortSignal },
  ): Promise<void>;
  tags(signal: AbortSignal): AsyncIterable<string>;
  /** From the referrers API, else from the fallback tag. */
  referrers(digest: Digest, signal: AbortSignal, artifactType?: string): Promise<readonly Descriptor[]>;
  deleteManifest(digest: Digest, signal: AbortSignal): Promise<void>;
}

/** What proves who we are; never printed. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  /** An OAuth2 refresh token (docker: `identitytoken`). */
  | { readonly identityToken: string; readonly username?: string }
  /** A bearer token as it is (docker: `registrytoken`). */
  | { readonly registryToken: string };

/** Credentials of a host (`docker.io` for Docker Hub); undefined: anonymous. */
export type CredentialSource = (host: string) => Promise<Credentials | undefined>;

export interface RegistryOptions {
  readonly credentials: CredentialSource;
  /** Folders with a folder per host that has a hosts.toml, first found wins; also docker's certs.d. */
  readonly hostFolders: readonly string[];
  /** Hosts for which http and unverified certificates are allowed, as `--tls-verify=false` asks; loopback is always allowed http. */
  readonly insecure?: (host: string) => boolean;
  /** `berth/VERSION`. */
  readonly userAgent: string;
}
