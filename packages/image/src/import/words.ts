/**
 * Words of a Dockerfile line: split at blanks, with double and single quotes and backslashes as in a
 * shell, without variables.
 * @returns undefined when a quote is not closed
 */
export function splitWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!;
    if (quote === '' && /\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word ??= '';
    if (letter === '\\' && quote !== "'" && at + 1 < text.length) word += escaped(text[++at]!, quote);
    else if (letter === quote) quote = '';
    else if (quote === '' && (letter === '"' || letter === "'")) quote = letter;
    else word += letter;
  }
  if (quote !== '') return undefined;
  return word === undefined ? words : [...words, word];
}

/** Within double quotes a backslash is only special before what would be special there. */
function escaped(letter: string, quote: string): string {
  return quote === '' || '"\\$'.includes(letter) ? letter : `\\${letter}`;
}
