/**
 * A D-Bus type (D-Bus Specification, "Type System"), parsed: the basic letters, `v`, arrays, structs, and the key-value
 * pairs of dictionaries.
 */
export type Type =
  | { readonly kind: 'basic'; readonly code: string }
  | { readonly kind: 'variant' }
  | { readonly kind: 'array'; readonly item: Type }
  | { readonly kind: 'struct'; readonly fields: readonly Type[]; readonly pair: boolean };

const basicCodes = 'ybnqiuxtdsogh';

/** The single types that a signature is a row of. Throws RangeError for what is no signature. */
export function parseSignature(signature: string): Type[] {
  const types: Type[] = [];
  let rest = signature;
  while (rest !== '') {
    const [type, after] = single(rest, 0);
    types.push(type);
    rest = after;
  }
  return types;
}

function single(text: string, depth: number): [Type, string] {
  const code = text.charAt(0);
  const rest = text.slice(1);
  if (depth > 32) throw new RangeError('a signature nested more than 32 deep');
  if (code !== '' && basicCodes.includes(code)) return [{ kind: 'basic', code }, rest];
  if (code === 'v') return [{ kind: 'variant' }, rest];
  if (code === 'a') {
    const [item, after] = single(rest, depth + 1);
    return [{ kind: 'array', item }, after];
  }
  if (code === '(' || code === '{') return struct(rest, code === '(' ? ')' : '}', depth + 1);
  throw new RangeError(`not a D-Bus signature at ${JSON.stringify(text)}`);
}

function struct(text: string, end: string, depth: number): [Type, string] {
  const fields: Type[] = [];
  let rest = text;
  while (!rest.startsWith(end)) {
    const [field, after] = single(rest, depth);
    fields.push(field);
    rest = after;
  }
  if (fields.length === 0 || (end === '}' && fields.length !== 2)) throw new RangeError('an empty D-Bus struct');
  return [{ kind: 'struct', fields, pair: end === '}' }, rest.slice(1)];
}

/** What a value of the type starts at a multiple of. */
export function alignmentOf(type: Type): number {
  if (type.kind === 'variant') return 1;
  if (type.kind === 'array') return 4;
  if (type.kind === 'struct') return 8;
  return { y: 1, g: 1, n: 2, q: 2, x: 8, t: 8, d: 8 }[type.code] ?? 4;
}
