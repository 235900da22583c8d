import { asError, BerthError } from '@berth/model/error';

/**
 * The value of a JSON text. Whole numbers beyond 2^53 become bigints, so that 2^64-1 keeps all its digits. Throws
 * `invalid_argument` with code `bundle.not_json`, naming line and column, or `bundle.too_deep`.
 */
export function parseJson(text: string, name: string): unknown {
  try {
    // A reviver costs three times as much, and only numbers of 16 digits can need it.
    return /\d{16}/.test(text) ? JSON.parse(text, exactNumber) : JSON.parse(text);
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new BerthError('invalid_argument', `${name} is nested too deep`, { code: 'bundle.too_deep', cause });
    }
    const { message } = asError(cause);
    const { line, column } = positionOf(text, message);
    throw new BerthError(
      'invalid_argument',
      `${name} is not JSON: line ${line}, column ${column}: ${reason(message)}`,
      {
        code: 'bundle.not_json',
        hint: 'check it with jq, which names the place too',
        cause,
      },
    );
  }
}

/** Where the parser stopped. It names the offset, but not when the text merely ends too early. */
function positionOf(text: string, message: string): { line: number; column: number } {
  const offset = Number(/ at position (\d+)/.exec(message)?.[1] ?? text.length);
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

/** The parser's words without the place and without the text around it, which may be a secret. */
function reason(message: string): string {
  const plain = message
    .replace(/( in JSON)? at position.*$/s, '')
    .replace(/, (\.\.\.)?".*$/s, '')
    .trim();
  return plain.charAt(0).toLowerCase() + plain.slice(1);
}

function exactNumber(this: unknown, _key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}
