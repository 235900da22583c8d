import { alignmentOf, parseSignature } from './signature.ts';
import type { Type } from './signature.ts';
import type { Value } from './value.ts';

/** The values of a body. `littleEndian` is the sender's. Throws RangeError when the bytes end too early. */
export function unmarshal(signature: string, bytes: Uint8Array, littleEndian: boolean): Value[] {
  const reader = new Reader(bytes, littleEndian);
  return parseSignature(signature).map((type) => reader.value(type));
}

class Reader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #little: boolean;
  #at = 0;

  constructor(bytes: Uint8Array, littleEndian: boolean) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#little = littleEndian;
  }

  value(type: Type): Value {
    this.#align(alignmentOf(type));
    if (type.kind === 'struct') return type.fields.map((field) => this.value(field));
    if (type.kind === 'array') return this.#array(type.item);
    if (type.kind === 'basic') return this.#basic(type.code);
    const signature = this.#text('g');
    const [inner] = parseSignature(signature);
    if (inner === undefined) throw new RangeError('a variant without a type');
    return { signature, value: this.value(inner) };
  }

  #array(item: Type): Value[] {
    const length = this.#view.getUint32(this.#take(4), this.#little);
    this.#align(alignmentOf(item));
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('an array longer than its message');
    const items: Value[] = [];
    while (this.#at < end) items.push(this.value(item));
    return items;
  }

  #basic(code: string): Value {
    if ('sog'.includes(code)) return this.#text(code);
    const at = this.#take(alignmentOf({ kind: 'basic', code }));
    const little = this.#little;
    if (code === 'b') return this.#view.getUint32(at, little) !== 0;
    if (code === 'x') return this.#view.getBigInt64(at, little);
    if (code === 't') return this.#view.getBigUint64(at, little);
    if (code === 'y') return this.#view.getUint8(at);
    if (code === 'n') return this.#view.getInt16(at, little);
    if (code === 'q') return this.#view.getUint16(at, little);
    if (code === 'i') return this.#view.getInt32(at, little);
    if (code === 'd') return this.#view.getFloat64(at, little);
    return this.#view.getUint32(at, little);
  }

  #text(code: string): string {
    const size = code === 'g' ? 1 : 4;
    const at = this.#take(size);
    const length = size === 1 ? this.#view.getUint8(at) : this.#view.getUint32(at, this.#little);
    const start = this.#take(length + 1);
    return Buffer.from(this.#bytes.subarray(start, start + length)).toString('utf8');
  }

  #align(size: number): void {
    this.#take((size - (this.#at % size)) % size);
  }

  #take(size: number): number {
    const at = this.#at;
    if (at + size > this.#bytes.length) throw new RangeError('a D-Bus message that ends too early');
    this.#at += size;
    return at;
  }
}
