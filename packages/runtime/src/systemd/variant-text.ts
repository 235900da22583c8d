import { parseSignature } from './signature.ts';
import type { Type } from './signature.ts';
import { variant } from './value.ts';
import type { Value, Variant } from './value.ts';

/** Words that give the number behind them a type, GVariant text format. */
const numberWords: Readonly<Record<string, string>> = {
  byte: 'y',
  int16: 'n',
  uint16: 'q',
  int32: 'i',
  uint32: 'u',
  handle: 'h',
  int64: 'x',
  uint64: 't',
  double: 'd',
  boolean: 'b',
  string: 's',
  objectpath: 'o',
  signature: 'g',
};

const ranges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  y: [0n, 255n],
  n: [-(2n ** 15n), 2n ** 15n - 1n],
  q: [0n, 2n ** 16n - 1n],
  i: [-(2n ** 31n), 2n ** 31n - 1n],
  u: [0n, 2n ** 32n - 1n],
  h: [0n, 2n ** 32n - 1n],
  x: [-(2n ** 63n), 2n ** 63n - 1n],
  t: [0n, 2n ** 64n - 1n],
};

/**
 * A value in the GVariant text form that annotations have: `true`, `'text'`, `uint64 5`, `['a', 'b']`, `(1, 'x')`,
 * `@as []`, `<5>`. A number without a type is an int32, one with a point a double. Throws RangeError where it is not one.
 */
export function parseVariantText(text: string): Variant {
  const reader = new TextReader(text);
  const found = reader.value(undefined);
  reader.end();
  return found;
}

class TextReader {
  #rest: string;

  constructor(text: string) {
    this.#rest = text.trim();
  }

  end(): void {
    if (this.#rest !== '') throw this.#bad('nothing more');
  }

  value(wanted: Type | undefined): Variant {
    const annotated = this.#take(/^@(\S+)\s*/);
    if (annotated !== undefined) return this.value(parseSignature(annotated)[0]);
    const word = this.#take(/^([a-z]+[0-9]*)\s+(?=[^,\])>\s])/);
    if (word !== undefined) return this.value({ kind: 'basic', code: this.#codeOf(word) });
    if (this.#take(/^(\[)\s*/)) return this.#array(wanted);
    if (this.#take(/^(\()\s*/)) return this.#tuple(wanted);
    if (this.#take(/^(<)\s*/)) {
      const inner = this.value(undefined);
      this.#expect('>');
      return variant('v', inner);
    }
    return this.#basic(wanted);
  }

  #array(wanted: Type | undefined): Variant {
    if (wanted !== undefined && wanted.kind !== 'array') throw this.#bad('no array');
    let item = wanted?.item;
    let signature = item === undefined ? undefined : signatureOf(item);
    const items: Value[] = [];
    while (this.#take(/^(\])\s*/) === undefined) {
      if (items.length > 0) this.#expect(',');
      const one = this.value(item);
      signature ??= one.signature;
      if (one.signature !== signature) throw this.#bad(`items of type ${signature}`);
      [item] = parseSignature(signature);
      items.push(one.value);
    }
    if (signature === undefined) throw this.#bad('the type of an empty array, like @as []');
    return variant(`a${signature}`, items);
  }

  #tuple(wanted: Type | undefined): Variant {
    if (wanted !== undefined && wanted.kind !== 'struct') throw this.#bad('no tuple');
    const fields: Variant[] = [];
    while (this.#take(/^(\))\s*/) === undefined) {
      if (fields.length > 0) this.#expect(',');
      fields.push(this.value(wanted?.fields[fields.length]));
    }
    if (fields.length === 0) throw this.#bad('a field');
    const signature = `(${fields.map((field) => field.signature).join('')})`;
    return variant(
      signature,
      fields.map((field) => field.value),
    );
  }

  #basic(wanted: Type | undefined): Variant {
    if (wanted !== undefined && wanted.kind !== 'basic') throw this.#bad('another type');
    const code = wanted?.code;
    const quoted = this.#take(/^('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*/s);
    if (quoted !== undefined) return this.#typed('sog', code ?? 's', quoted.slice(1, -1).replaceAll(/\\(.)/gs, '$1'));
    const word = this.#take(/^(true|false)\b\s*/);
    if (word !== undefined) return this.#typed('b', code ?? 'b', word === 'true');
    const number = this.#take(/^([-+]?(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:e[-+]?[0-9]+)?))\s*/);
    if (number === undefined) throw this.#bad('a value');
    return this.#number(number, code ?? (/^[-+]?(0x|[0-9]+$)/.test(number) ? 'i' : 'd'));
  }

  #number(text: string, code: string): Variant {
    if (code === 'd') return variant('d', Number(text));
    const range = ranges[code];
    if (range === undefined || !/^[-+]?(0x[0-9a-fA-F]+|[0-9]+)$/.test(text)) throw this.#bad(`type ${code}`);
    const magnitude = BigInt(text.replace(/^[-+]/, ''));
    const value = text.startsWith('-') ? -magnitude : magnitude;
    if (value < range[0] || value > range[1]) throw this.#bad(`a number of type ${code}`);
    return variant(code, value);
  }

  #typed(allowed: string, code: string, value: Value): Variant {
    if (!allowed.includes(code)) throw this.#bad(`type ${code}`);
    return variant(code, value);
  }

  #codeOf(word: string): string {
    const code = numberWords[word];
    if (code === undefined) throw this.#bad(`a type, not ${word},`);
    return code;
  }

  #take(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.#rest);
    if (found === null) return undefined;
    this.#rest = this.#rest.slice(found[0].length);
    return found[1];
  }

  #expect(mark: string): void {
    if (!this.#rest.startsWith(mark)) throw this.#bad(mark);
    this.#rest = this.#rest.slice(1).trimStart();
  }

  #bad(wanted: string): RangeError {
    return new RangeError(`wanted ${wanted} at ${JSON.stringify(this.#rest)}`);
  }
}

function signatureOf(type: Type): string {
  if (type.kind === 'basic') return type.code;
  if (type.kind === 'variant') return 'v';
  if (type.kind === 'array') return `a${signatureOf(type.item)}`;
  const fields = type.fields.map(signatureOf).join('');
  return type.pair ? `{${fields}}` : `(${fields})`;
}
