/** What a code means and what helps; a row of docs/spec-errors.md. */
export interface CodeText {
  readonly meaning: string;
  /** The hint of the error. */
  readonly remedy: string;
}

/** The rules of shape that hold everywhere; unknown words have codes of their own, in `words.ts`. */
export const shapeCodes = {
  'spec.required': {
    meaning: 'a member that must be there is absent or null',
    remedy: 'add the member',
  },
  'spec.type': {
    meaning: 'a value has the wrong JSON type',
    remedy: 'give the type that the runtime spec names for it; whole numbers have no fraction and no quotes',
  },
  'spec.range': {
    meaning: 'a number is outside of what its type can hold',
    remedy: 'give a number in the range',
  },
  'spec.empty': {
    meaning: 'a list, text or key is empty that may not be',
    remedy: 'give at least one item, or leave the member out',
  },
  'spec.nul': {
    meaning: 'a text has a NUL byte, where the kernel would cut it off',
    remedy: 'remove the \\u0000',
  },
} as const satisfies Readonly<Record<string, CodeText>>;

export type ShapeCode = keyof typeof shapeCodes;
