import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { root } from './step.ts';

const maxLines = 400;
const maxNativeLines = 300;
/** ARCHITECTURE.md tells why it is above the first design's 2,500: the whole runtime spec is in it. */
const nativeBudget = 3050;

/** Names that say nothing about what is inside. */
const emptyNames = /(?:^|[-_.])(?:utils?|helpers?|commons?|misc|managers?)(?:[-_.]|$)/;

/** Words that promise instead of doing. The brackets keep this very line out of the search. */
const promise = /\b(?:T[O]DO|F[I]XME|X[X]X|H[A]CK)\b/;

/** Native code that ships. Tests, fuzzers and the demo's program do not. */
const budgeted = /^native\/(?!test\/|fuzz\/|demo\/|gen\/).*\.[ch]$/;

const code = new Set(['.ts', '.mjs', '.c', '.h', '.sh']);

export interface SourceFile {
  /** From the root of the project. */
  readonly file: string;
  readonly text: string;
}

/** What is wrong with the files, a line each. */
export function fileComplaints(files: readonly SourceFile[]): string[] {
  const native = files.filter(({ file }) => budgeted.test(file)).reduce((sum, each) => sum + lineCount(each.text), 0);
  const overBudget = native > nativeBudget ? [`native: ${native} lines, the budget is ${nativeBudget}`] : [];
  return [...files.flatMap(complaintsOf), ...overBudget];
}

function complaintsOf({ file, text }: SourceFile): string[] {
  const found: string[] = [];
  const isCode = code.has(extname(file)) && !file.includes('/gen/');
  const emptyName = file.split('/').find((part) => emptyNames.test(basename(part, extname(part))));
  if (emptyName !== undefined) found.push(`${file}: '${emptyName}' does not say what is inside`);
  const limit = file.startsWith('native/') ? maxNativeLines : maxLines;
  if (isCode && lineCount(text) > limit) found.push(`${file}: ${lineCount(text)} lines, split it at ${limit}`);
  const at = text.split('\n').findIndex((line) => promise.test(line));
  if (isCode && at >= 0) found.push(`${file}:${at + 1}: a promise; do it, or open an issue`);
  return found;
}

function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** Files that git knows or would add: no build output, nothing that is ignored. */
export function projectFiles(): SourceFile[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  return listed
    .toString()
    .split('\0')
    .filter((file) => (code.has(extname(file)) || file.endsWith('.json')) && existsSync(join(root, file)))
    .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));
}
