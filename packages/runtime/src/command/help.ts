import type { FlagTable } from './flag.ts';
import { globalFlags } from './global-flags.ts';
import type { Verb } from './verb.ts';
import { verbs } from './verb-table.ts';

/** The text of `berth-oci --help`. */
export function commandHelp(): string {
  const rows = Object.entries(verbs).map(([name, { summary }]): [string, string] => [name, summary]);
  return [
    'NAME:\n   berth-oci - an OCI runtime with the command line of runc\n',
    'USAGE:\n   berth-oci [global options] command [command options] [arguments...]\n',
    `COMMANDS:\n${columns([...rows, ['help, h', 'show this, or help for one command']])}\n`,
    `GLOBAL OPTIONS:\n${columns([...flagRows(globalFlags), ['--help, -h', 'show help']])}\n`,
  ].join('\n');
}

/** The text of `berth-oci VERB --help`. */
export function verbHelp(name: string, { summary, usage, flags }: Verb): string {
  const rows = flagRows(flags);
  const options = rows.length > 0 ? ['[command options]'] : [];
  return [
    `NAME:\n   berth-oci ${name} - ${summary}\n`,
    `USAGE:\n   ${['berth-oci', name, ...options, usage].join(' ').trimEnd()}\n`,
    ...(rows.length > 0 ? [`OPTIONS:\n${columns(rows)}\n`] : []),
  ].join('\n');
}

function flagRows(table: FlagTable): [string, string][] {
  return Object.entries(table)
    .filter(([, { hidden }]) => hidden !== true)
    .map(([name, { kind, short, help, initial }]) => {
      const value = kind === 'switch' ? '' : ' value';
      const names = [`--${name}${value}`, ...(short === undefined ? [] : [`-${short}${value}`])];
      const standard = initial === undefined ? '' : ` (default: ${JSON.stringify(initial)})`;
      return [names.join(', '), `${help}${standard}`];
    });
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `   ${left.padEnd(width)}${right}`).join('\n');
}
