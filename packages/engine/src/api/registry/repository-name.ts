import { BerthError, isKind } from '@berth/model/error';
import { parseReference } from '@berth/model/reference';

/**
 * The repository that a path means, with its registry's host. As docker's users write names: `app` and `library/app`
 * are Docker Hub's, and what begins with a host is that host's (`ghcr.io/a/b`, `localhost:5000/app`). `ns` is
 * containerd's word to a mirror for the host that it stands for.
 * @throws invalid_argument (`bad_reference`)
 */
export function repositoryName(path: string, ns?: string): string {
  const text = ns === undefined || ns === '' ? path : `${ns}/${path}`;
  try {
    // With a tag of ours there is no room for one in the path.
    const { domain, path: rest } = parseReference(`${text}:x`);
    return `${domain}/${rest}`;
  } catch (cause) {
    if (!isKind(cause, 'invalid_argument')) throw cause;
    throw new BerthError('invalid_argument', `'${text.slice(0, 300)}' is no repository's name`, {
      code: 'bad_reference',
      cause,
    });
  }
}

/**
 * How a stranger calls a repository after this registry's own host: Docker Hub's without it, and undefined when clients
 * have no way to write it, which is so for a host with a port.
 */
export function foreignName(repository: string): string | undefined {
  const slash = repository.indexOf('/');
  const domain = repository.slice(0, slash);
  if (domain === 'docker.io') return repository.slice(slash + 1);
  return /[^a-z0-9.-]/.test(domain) ? undefined : repository;
}
