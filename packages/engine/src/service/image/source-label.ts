import type { CallContext } from '@berth/model/context';
import type { Digest } from '@berth/model/digest';
import { isKind } from '@berth/model/error';
import type { RepositoryName } from '@berth/image/medium/medium';
import type { ContentStore, Labels } from '#store/content';

/** containerd's name for it: `containerd.io/distribution.source.HOST` has the repositories there, comma separated. */
const prefix = 'containerd.io/distribution.source.';

/** The label that says that a blob is to be had in a repository, beside others that it is known from. */
export async function sourceLabel(
  content: ContentStore,
  context: CallContext,
  { digest, origin }: { readonly digest: Digest; readonly origin: RepositoryName },
): Promise<Labels> {
  const known = await knownRepositories(content, context, { digest, host: origin.domain });
  if (known.includes(origin.path)) return {};
  return { [prefix + origin.domain]: [...known, origin.path].toSorted().join(',') };
}

/** Repositories of a registry that have the blob, as far as we know. */
export async function knownRepositories(
  content: ContentStore,
  context: CallContext,
  { digest, host }: { readonly digest: Digest; readonly host: string },
): Promise<readonly string[]> {
  return split((await labelsOf(content, context, digest))[prefix + host] ?? '');
}

/** All that have it, `docker.io/library/app`. */
export async function sourceRepositories(
  content: ContentStore,
  context: CallContext,
  digest: Digest,
): Promise<readonly string[]> {
  const sources = Object.entries(await labelsOf(content, context, digest)).filter(([label]) =>
    label.startsWith(prefix),
  );
  return sources.flatMap(([label, value]) => split(value).map((path) => `${label.slice(prefix.length)}/${path}`));
}

async function labelsOf(content: ContentStore, context: CallContext, digest: Digest): Promise<Labels> {
  try {
    return (await content.info(context, digest)).labels;
  } catch (error) {
    if (isKind(error, 'not_found')) return {};
    throw error;
  }
}

function split(value: string): string[] {
  return value.split(',').filter((repository) => repository !== '');
}
