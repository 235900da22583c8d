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
    const { line, column } = positionOf(text);
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

function positionOf(text: string): { line: number; column: number } {
  const before = text.slice(0, faultOffset(text)).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

/**
 * Where a text stops being JSON; its length when it only ends too early. The parser names the place of some faults and
 * not of others, so the shortest beginning with a fault is searched for, halving.
 */
function faultOffset(text: string): number {
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isFaulty(text.slice(0, middle))) bad = middle;
    else good = middle;
  }
  return bad - 1;
}

/** Whether a beginning has a fault, beside being a beginning only. */
function isFaulty(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return false;
  } catch (error) {
    const { message } = asError(error);
    const position = / at position (\d+)/.exec(message)?.[1];
    return position === undefined ? !message.includes('end of JSON input') : Number(position) < beginning.length;
  }
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
