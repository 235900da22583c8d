import { BerthError } from '@berth/model/error';
import { namespaceHeader } from '@berth/wire/native/api';
import type { HttpRequest } from '../http/route.ts';

/** containerd's identifiers: they are parts of keys. */
const identifier = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;
const longest = 76;

/** The namespace that a request is about. @throws invalid_argument (`bad_namespace`) */
export function requestNamespace({ headers }: HttpRequest): string {
  const name = headers[namespaceHeader];
  if (name === undefined) return 'default';
  if (typeof name === 'string' && name.length <= longest && identifier.test(name)) return name;
  throw new BerthError('invalid_argument', `'${String(name).slice(0, 100)}' is no namespace`, {
    code: 'bad_namespace',
    hint: `letters and digits, with single dots, dashes and underscores between them, at most ${longest}`,
  });
}
