import { flagLabel } from './parse.ts';
import type { FlagTable } from './spec.ts';

/** Where a help text is broken when the terminal does not say. */
const defaultWidth = 80;

export interface HelpPage {
  /** `run [OPTIONS] IMAGE [COMMAND] [ARG...]` */
  readonly usage: string;
  readonly summary: string;
  readonly flags: FlagTable;
}

/** The text of `berth COMMAND --help`. */
export function commandHelp({ usage, summary, flags }: HelpPage, width = defaultWidth): string {
  const lines = [`Usage:  berth ${usage}`, '', summary];
  const rows = Object.entries(flags)
    .filter(([, spec]) => !spec.hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, spec]) => {
      const label = flagLabel(name, spec);
      const indented = spec.short === undefined ? `      ${label}` : `  ${label}`;
      const typed = spec.kind === 'boolean' ? indented : `${indented} ${spec.placeholder}`;
      return { left: typed, right: spec.help + initialNote(spec.initial) };
    });
  if (rows.length > 0) lines.push('', 'Options:', ...twoColumns(rows, width));
  return `${lines.join('\n')}\n`;
}

function initialNote(initial: unknown): string {
  return initial === true ? ' (default true)' : '';
}

/** Left cells padded to one width, right cells broken at spaces. */
export function twoColumns(rows: readonly { left: string; right: string }[], width = defaultWidth): string[] {
  const indent = Math.max(...rows.map(({ left }) => left.length)) + 3;
  const room = Math.max(width - indent, 24);
  return rows.flatMap(({ left, right }) => {
    const [first = '', ...more] = wrap(right, room);
    return [`${left.padEnd(indent)}${first}`.trimEnd(), ...more.map((line) => ' '.repeat(indent) + line)];
  });
}

function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}
