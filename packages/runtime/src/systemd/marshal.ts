import { alignmentOf, parseSignature } from './signature.ts';
import type { Type } from './signature.ts';
import { isVariant } from './value.ts';
import type { Value } from './value.ts';

/** Values as bytes, little endian (D-Bus Specification, "Marshaling"). Throws TypeError for a value not of its type. */
export function marshal(signature: string, values: readonly Value[]): Uint8Array {
  const types = parseSignature(signature);
  if (types.length !== values.length) throw new TypeError(`${values.length} values for signature ${signature}`);
  const writer = new Writer();
  for (const [index, type] of types.entries()) writer.value(type, values[index]);
  return writer.bytes();
}

class Writer {
  #buffer = Buffer.alloc(256);
  #at = 0;

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#at);
  }

  value(type: Type, value: Value | undefined): void {
    this.align(alignmentOf(type));
    if (type.kind === 'variant') this.#variant(value);
    else if (type.kind === 'array') this.#array(type.item, value);
    else if (type.kind === 'struct') {
      if (!Array.isArray(value) || value.length !== type.fields.length) throw mismatch('a struct', value);
      for (const [index, field] of type.fields.entries()) this.value(field, value[index] as Value);
    } else this.#basic(type.code, value);
  }

  align(size: number): void {
    this.#take((size - (this.#at % size)) % size);
  }

  #variant(value: Value | undefined): void {
    if (!isVariant(value)) throw mismatch('a variant', value);
    const [type, ...more] = parseSignature(value.signature);
    if (type === undefined || more.length > 0) throw mismatch('one complete type', value.signature);
    this.#basic('g', value.signature);
    this.value(type, value.value);
  }

  #array(item: Type, value: Value | undefined): void {
    if (!Array.isArray(value) && !(value instanceof Uint8Array)) throw mismatch('an array', value);
    const lengthAt = this.#take(4);
    this.align(alignmentOf(item));
    const start = this.#at;
    for (const one of value as readonly Value[]) this.value(item, one);
    this.#buffer.writeUInt32LE(this.#at - start, lengthAt);
  }

  #basic(code: string, value: Value | undefined): void {
    if ('sog'.includes(code)) return this.#text(code, value);
    if (code === 'b') {
      if (typeof value !== 'boolean') throw mismatch('a boolean', value);
      return this.#number('u', value ? 1 : 0);
    }
    if (typeof value !== 'number' && typeof value !== 'bigint') throw mismatch('a number', value);
    this.#number(code, value);
  }

  #number(code: string, value: number | bigint): void {
    const at = this.#take(alignmentOf({ kind: 'basic', code }));
    if (code === 'x') this.#buffer.writeBigInt64LE(BigInt(value), at);
    else if (code === 't') this.#buffer.writeBigUInt64LE(BigInt(value), at);
    else if (code === 'y') this.#buffer.writeUInt8(Number(value), at);
    else if (code === 'n') this.#buffer.writeInt16LE(Number(value), at);
    else if (code === 'q') this.#buffer.writeUInt16LE(Number(value), at);
    else if (code === 'i') this.#buffer.writeInt32LE(Number(value), at);
    else if (code === 'd') this.#buffer.writeDoubleLE(Number(value), at);
    else this.#buffer.writeUInt32LE(Number(value), at);
  }

  #text(code: string, value: Value | undefined): void {
    if (typeof value !== 'string' || value.includes('\0')) throw mismatch('a string', value);
    const bytes = Buffer.from(value);
    this.#number(code === 'g' ? 'y' : 'u', bytes.length);
    // The NUL behind it is there already: fresh memory is zero.
    const at = this.#take(bytes.length + 1);
    bytes.copy(this.#buffer, at);
  }

  /** The place of `size` new bytes. `#buffer` may be another one afterwards. */
  #take(size: number): number {
    const at = this.#at;
    this.#at += size;
    if (this.#at > this.#buffer.length) {
      this.#buffer = Buffer.concat([this.#buffer, Buffer.alloc(Math.max(this.#buffer.length, size))]);
    }
    return at;
  }
}

function mismatch(wanted: string, value: unknown): TypeError {
  return new TypeError(`not ${wanted}: ${String(value)}`);
}
