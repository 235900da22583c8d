import { readFileSync } from 'node:fs';
import { asError, BerthError } from '@berth/model/error';

/** A record of `key=value` texts; a key alone has an empty value, a later one wins. */
export function parseLabels(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/** `key=value` with both. @throws invalid_argument */
export function parsePair(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new BerthError('invalid_argument', `'${text}' is not of the form key=value`);
}

/** Lines of a file of labels. @throws invalid_argument */
export function readLabelFile(file: string): readonly string[] {
  try {
    const lines = readFileSync(file, 'utf8').split(/\r?\n/);
    return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
  } catch (cause) {
    throw new BerthError('invalid_argument', `cannot read the label file ${file}: ${asError(cause).message}`, {
      cause,
    });
  }
}

/** A filter of a listing. @throws invalid_argument */
export function parseFilter(text: string): string {
  if (text.indexOf('=') > 0) return text;
  throw new BerthError('invalid_argument', 'a filter reads name=value');
}
