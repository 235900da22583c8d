import { BerthError } from '@berth/model/error';
import { globalFlags } from './command-line.ts';
import { commandTable, findCommand } from './command-table.ts';
import { commandHelp, twoColumns } from './flag/help.ts';
import { print } from './print/output.ts';

/** How many entries of the table are shown first. */
const usual = 8;

/** `berth --help`, and with words `berth COMMAND --help`. */
export async function printHelp(words: readonly string[]): Promise<number> {
  if (words.length === 0) {
    print(overview());
    return 0;
  }
  const found = findCommand(words);
  if (found === undefined) {
    throw new BerthError('invalid_argument', `unknown command: berth ${words.join(' ')}`, {
      hint: "see 'berth --help'",
    });
  }
  const { command } = await found.load();
  print(commandHelp({ usage: command.usage, summary: found.summary, flags: command.flags }, width()));
  return 0;
}

function overview(): string {
  const rows = Object.entries(commandTable).map(([name, { summary }]) => ({ left: `  ${name}`, right: summary }));
  const lines = twoColumns(rows, width());
  const flags = commandHelp({ usage: '[OPTIONS] COMMAND', summary: '', flags: globalFlags }, width());
  return [
    'Usage:  berth [OPTIONS] COMMAND\n\nOne container engine: images and containers for docker, containerd and Kubernetes\n',
    `Common commands:\n${lines.slice(0, usual).join('\n')}\n`,
    `Commands:\n${lines.slice(usual).join('\n')}\n`,
    flags.slice(flags.indexOf('Options:')).replace('Options:', 'Global options:'),
    "Run 'berth COMMAND --help' for more about a command.\n",
  ].join('\n');
}

function width(): number {
  const columns = Number(process.env['COLUMNS']);
  return columns >= 40 ? Math.min(columns, 120) : 80;
}
