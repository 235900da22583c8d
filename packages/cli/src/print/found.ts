import { reportError } from '../report-error.ts';
import { print } from './output.ts';

/**
 * Looks things up and prints what was found, also beside failures, as docker's inspect does. The exit code: 1 when anything
 * failed. @param format undefined: one indented JSON list; `json`: a line each; else a Go template
 */
export async function printFound(
  refs: readonly string[],
  find: (ref: string) => Promise<unknown>,
  format: string | undefined,
): Promise<number> {
  const found: unknown[] = [];
  const failures: unknown[] = [];
  for (const ref of refs)
    await find(ref).then(
      (value) => found.push(value),
      (error) => failures.push(error),
    );
  if (format === undefined) print(`${JSON.stringify(found, undefined, 4)}\n`);
  else if (found.length > 0) print(await formatted(found, format));
  for (const error of failures) reportError(error);
  return failures.length === 0 ? 0 : 1;
}

async function formatted(values: readonly unknown[], format: string): Promise<string> {
  if (format === 'json') return values.map((value) => `${JSON.stringify(value)}\n`).join('');
  const { compileTemplate, unescapeFormat } = await import('./template.ts');
  const template = compileTemplate(unescapeFormat(format));
  return values.map((value) => `${template.render(value)}\n`).join('');
}
