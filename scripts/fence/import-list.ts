/** One import in a source file. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Erased when the program runs: `import type`, `export type`, or only names with `type` before them. */
  readonly typeOnly: boolean;
}

const statement = /^(?:import|export)\b(?<what>[^'"`;]*?)\bfrom\s*['"](?<from>[^'"]+)['"]/gm;
const bare = /^import\s*['"](?<from>[^'"]+)['"]/gm;
const dynamic = /\bimport\(\s*['"](?<from>[^'"]+)['"]/g;

/**
 * The imports of a TypeScript file. Reads text, not a syntax tree: the formatter keeps statements at the start of a
 * line, and comments and strings of ours do not begin with `import`.
 */
export function importList(source: string): Import[] {
  const lineOf = (index: number) => source.slice(0, index).split('\n').length;
  const found = (pattern: RegExp, typeOnly: (what: string) => boolean) =>
    [...source.matchAll(pattern)].map(({ index, groups }) => ({
      specifier: groups!['from']!,
      line: lineOf(index),
      typeOnly: typeOnly(groups!['what'] ?? ''),
    }));
  return [
    ...found(statement, isErased),
    ...found(bare, () => false),
    // A type written import('x').Y is erased too, but no file of ours needs one.
    ...found(dynamic, () => false),
  ].toSorted((a, b) => a.line - b.line);
}

function isErased(what: string): boolean {
  if (/^\s*type\b(?!\s*,)/.test(what)) return true;
  const names = /^\s*\{(?<names>[^}]*)\}\s*$/.exec(what)?.groups?.['names'];
  if (names === undefined) return false;
  const each = names.split(',').map((name) => name.trim());
  return each.every((name) => name === '' || name.startsWith('type '));
}
