import { BerthError } from '@berth/model/error';

export const defaultDetachKeys = 'ctrl-p,ctrl-q';

/**
 * The bytes of `ctrl-p,ctrl-q`: keys are single characters, `ctrl-` and one of `a-z @ [ \ ] ^ _`, or `DEL`.
 * @throws invalid_argument (`bad_flag`)
 */
export function parseDetachKeys(text: string): Uint8Array {
  if (text === '') return new Uint8Array(0);
  return Uint8Array.from(text.split(','), parseKey);
}

function parseKey(key: string): number {
  if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
  const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1];
  if (control !== undefined) return control.toUpperCase().charCodeAt(0) - 64;
  if (key === 'DEL') return 127;
  throw new BerthError('invalid_argument', `invalid detach keys: unknown key '${key}'`, {
    code: 'bad_flag',
    hint: "write keys with commas between, e.g. 'ctrl-p,ctrl-q'",
  });
}

/**
 * Looks for a sequence of keys in what is typed. Bytes that may be its start are held back until the next byte
 * decides; those of a false start pass on in order.
 */
export class DetachFilter {
  readonly #keys: Uint8Array;
  /** How many of the last bytes are the start of the sequence. */
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What passes on; with `detached`, the sequence was typed and the rest of the chunk is dropped. */
  feed(chunk: Uint8Array): { readonly pass: Uint8Array; readonly detached: boolean } {
    if (this.#keys.length === 0) return { pass: chunk, detached: false };
    const passed: number[] = [];
    for (const byte of chunk) {
      passed.push(...this.#step(byte));
      if (this.#matched === this.#keys.length) return { pass: Uint8Array.from(passed), detached: true };
    }
    return { pass: Uint8Array.from(passed), detached: false };
  }

  /** At the end of input: what was held back. */
  flush(): Uint8Array {
    const held = this.#keys.slice(0, this.#matched);
    this.#matched = 0;
    return held;
  }

  /** Bytes that this byte proves not to belong to the sequence. */
  #step(byte: number): readonly number[] {
    const candidate = [...this.#keys.subarray(0, this.#matched), byte];
    // The longest end of what we hold that is a start of the sequence: a false start may hide a true one.
    for (let length = candidate.length; length > 0; length--) {
      const end = candidate.slice(candidate.length - length);
      if (end.every((value, at) => value === this.#keys[at])) {
        this.#matched = length;
        return candidate.slice(0, candidate.length - length);
      }
    }
    this.#matched = 0;
    return candidate;
  }
}
