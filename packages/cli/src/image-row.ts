import { BerthError } from '@berth/model/error';
import type { ImageSummary } from '@berth/wire/native/api';
import { decimalSize } from './print/human-size.ts';
import { humanSince, localTime } from './print/human-time.ts';
import { shortId } from './print/short-id.ts';

const id = ['IMAGE ID', 'ID'] as const;
const start = [
  ['REPOSITORY', 'Repository'],
  ['TAG', 'Tag'],
] as const;
const end = [
  ['CREATED', 'CreatedSince'],
  ['SIZE', 'Size'],
] as const;

/** Columns of `images`, and the headers of fields that only a template shows. */
export const imageHeaders = {
  columns: [...start, id, ...end],
  withDigests: [...start, ['DIGEST', 'Digest'] as const, id, ...end],
  headers: { Digest: 'DIGEST', CreatedAt: 'CREATED AT', Containers: 'CONTAINERS' },
};

export interface ImageRow {
  readonly ID: string;
  readonly Repository: string;
  readonly Tag: string;
  readonly Digest: string;
  readonly CreatedAt: string;
  readonly CreatedSince: string;
  readonly Size: string;
  readonly Containers: string;
  readonly [field: string]: unknown;
}

/** One row a name, under the names that docker's templates use. */
export function imageRows(
  image: ImageSummary,
  options: { readonly now: number; readonly truncate: boolean },
): ImageRow[] {
  const names = image.names.length === 0 ? ['<none>'] : image.names;
  return names.map((name) => {
    const { repository, tag } = splitName(name);
    return {
      ID: options.truncate ? shortId(image.id) : image.id,
      Repository: repository,
      Tag: tag,
      Digest: image.id,
      CreatedAt: localTime(image.createdAt),
      CreatedSince: humanSince(image.createdAt, options.now) || 'N/A',
      Size: decimalSize(image.size),
      Containers: String(image.containers),
    };
  });
}

/** `host:5000/app:1.0` has a colon too many for a plain split. */
export function splitName(name: string): { readonly repository: string; readonly tag: string } {
  const at = name.indexOf('@');
  const plain = at < 0 ? name : name.slice(0, at);
  const colon = plain.indexOf(':', plain.lastIndexOf('/') + 1);
  if (colon < 0) return { repository: plain, tag: '<none>' };
  return { repository: plain.slice(0, colon), tag: plain.slice(colon + 1) };
}

/** @throws invalid_argument for a filter that is not known */
export function matchesImage(row: ImageRow, filters: readonly string[]): boolean {
  return filters.every((filter) => {
    const [name = '', ...rest] = filter.split('=');
    const value = rest.join('=');
    if (name === 'dangling') return (row.Tag === '<none>') === (value === 'true' || value === '1');
    if (name === 'reference') return matchesReference(row, value);
    throw new BerthError('invalid_argument', `unknown filter '${name}'`, {
      hint: 'filters are reference and dangling',
    });
  });
}

/** Stars and question marks stand for anything but a slash; without a tag in the pattern every tag matches. */
function matchesReference({ Repository, Tag }: ImageRow, pattern: string): boolean {
  const { repository, tag } = splitName(pattern);
  return globMatches(repository, Repository) && (tag === '<none>' || globMatches(tag, Tag));
}

function globMatches(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`^${source}$`).test(text);
}
