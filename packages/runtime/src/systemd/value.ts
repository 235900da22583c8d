/** A value with its type, for where D-Bus has `v`. */
export interface Variant {
  readonly signature: string;
  readonly value: Value;
}

/**
 * A value as D-Bus carries it: 64-bit integers are bigints when read (and may be numbers when written), `ay` may be
 * written as bytes, a struct is an array of its fields and a dictionary an array of pairs.
 */
export type Value = string | number | bigint | boolean | Uint8Array | Variant | readonly Value[];

export function variant(signature: string, value: Value): Variant {
  return { signature, value };
}

export function isVariant(value: Value | undefined): value is Variant {
  return typeof value === 'object' && 'signature' in value;
}
