/** What docker's configuration calls Docker Hub. */
const hubKey = 'https://index.docker.io/v1/';

const hubNames: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/**
 * The host that a key of `auths` or `credHelpers` means: `https://index.docker.io/v1/` and `docker.io` are one.
 * Keys of older dockers have a scheme and a path.
 */
export function hostOfKey(key: string): string {
  const host = key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return hubNames.has(host) ? 'docker.io' : host;
}

/** The key under which docker and its helpers keep a host's credentials. */
export function keyOfHost(host: string): string {
  return hostOfKey(host) === 'docker.io' ? hubKey : host;
}
