import { readFileSync } from 'node:fs';
import { asError, BerthError } from '@berth/model/error';

/**
 * `NAME=value` as it is; a bare `NAME` takes the client's value and is left out when there is none.
 * @throws invalid_argument when there is no name
 */
export function resolveVariable(text: string, env: NodeJS.ProcessEnv): readonly string[] {
  if (text === '' || text.startsWith('=')) {
    throw new BerthError('invalid_argument', `invalid environment variable: ${text}`, { hint: 'write NAME=value' });
  }
  if (text.includes('=')) return [text];
  const value = env[text];
  return value === undefined ? [] : [`${text}=${value}`];
}

/** @throws invalid_argument naming the file and the line */
export function readEnvironmentFile(file: string, env: NodeJS.ProcessEnv): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new BerthError('invalid_argument', `cannot read the environment file ${file}: ${asError(cause).message}`, {
      cause,
    });
  }
  return parseEnvironmentFile(text, { file, env });
}

/** Lines `NAME=value` or `NAME`; empty ones and those that begin with # are skipped. Values are taken as they are. */
export function parseEnvironmentFile(
  text: string,
  { file, env }: { readonly file: string; readonly env: NodeJS.ProcessEnv },
): readonly string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((line, index) => {
      const entry = line.trimStart();
      if (entry === '' || entry.startsWith('#')) return [];
      const name = entry.split('=', 1)[0] ?? '';
      if (name === '' || /\s/.test(name.trimEnd()) || (entry.includes('=') && /\s/.test(name))) {
        throw new BerthError('invalid_argument', `${file}, line ${index + 1}: '${name}' is not a variable's name`, {
          hint: 'a line reads NAME=value, and names hold no space',
        });
      }
      return resolveVariable(entry.includes('=') ? entry : entry.trim(), env);
    });
}
