import type { HttpRequest } from '../http/route.ts';
import { header } from './call.ts';

/** Content never changes: its digest is the strongest of tags. */
export function etagOf(digest: string): string {
  return `"${digest}"`;
}

/** Whether the client has it already (RFC 9110, 13.1.2). */
export function isUnchanged(request: HttpRequest, digest: string): boolean {
  const tags = (header(request, 'if-none-match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etagOf(digest));
}

/** A range holds only for the content that the client has the rest of (RFC 9110, 13.1.5). */
export function isSameContent(request: HttpRequest, digest: string): boolean {
  const tag = header(request, 'if-range');
  return tag === undefined || tag === etagOf(digest);
}
