import { BerthError } from '@berth/model/error';
import { readable } from '../tar/entry.ts';
import { tarEnd, tarHeader, type TarMember, tarPadding } from '../tar/writer.ts';

/** A member whose size is known before its content is: a tar says it first. */
export interface StreamMember extends Omit<TarMember, 'size'> {
  readonly size: number;
  /** Absent for what has no content. */
  readonly content?: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** A member with this content. */
export function wholeMember(name: string, content: Uint8Array): StreamMember {
  return { name, size: content.length, content: () => [content] };
}

export function folderMember(name: string): StreamMember {
  return { name: `${name}/`, flag: '5', size: 0 };
}

/**
 * The members as a tar, one after the other, with nothing kept in memory. Equal members give equal bytes.
 * @throws data_loss (`size_mismatch`) when a content is longer or shorter than its member says
 */
export async function* tarStream(members: Iterable<StreamMember>): AsyncGenerator<Uint8Array, void, undefined> {
  for (const { content, ...member } of members) {
    yield tarHeader(member);
    let written = 0;
    for await (const piece of content?.() ?? []) {
      written += piece.length;
      if (written > member.size) throw wrongSize(member, 'more');
      yield piece;
    }
    if (written < member.size) throw wrongSize(member, `${written}`);
    const padding = tarPadding(member.size);
    if (padding.length > 0) yield padding;
  }
  yield tarEnd;
}

function wrongSize({ name, size }: Pick<StreamMember, 'name' | 'size'>, actual: string): BerthError {
  return new BerthError('data_loss', `'${readable(name)}' has ${actual} bytes instead of ${size}`, {
    code: 'size_mismatch',
  });
}
