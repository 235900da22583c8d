import { BerthError } from '@berth/model/error';
import { connectBerth } from '@berth/sdk/client';
import { version } from '@berth/sdk/version';
import type { Command } from './command.ts';
import { findCommand, type FoundCommand, isGroup } from './command-table.ts';
import { type DaemonPlace, findPlace } from './daemon/place.ts';
import { HelpWanted, parseLine } from './flag/parse.ts';
import { type FlagValues, switchFlag, textFlag, valueFlag } from './flag/spec.ts';
import { ClosedOutput, print } from './print/output.ts';
import { reportError } from './report-error.ts';

/** Flags before the command's name. */
export const globalFlags = {
  host: textFlag("The daemon's socket (unix:///path or /path; BERTH_HOST)", { short: 'H', placeholder: 'socket' }),
  root: textFlag("The daemon's folder of images and containers, when it is started (BERTH_ROOT)", {
    placeholder: 'folder',
  }),
  run: textFlag("The daemon's folder of sockets (BERTH_RUN)", { placeholder: 'folder' }),
  namespace: textFlag('Whose images and containers are meant (BERTH_NAMESPACE)', { short: 'n', placeholder: 'name' }),
  debug: switchFlag('Print where errors come from', { short: 'D' }),
  'log-level': valueFlag('How much a daemon that is started tells: debug, info, warn or error', checkLevel, {
    short: 'l',
  }),
  version: switchFlag('Print the version and quit', { short: 'v' }),
};

/** Exit code of a command line that cannot be read; docker's. */
const badFlagCode = 125;

/** Runs one command line to its exit code. Nothing is thrown: failures were told on standard error. */
export async function runCommandLine(words: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  try {
    return await dispatch(words, env);
  } catch (error) {
    if (error instanceof ClosedOutput) return 0;
    return tell(error, { name: '', failureCode: 1 });
  }
}

async function dispatch(words: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { flags, args } = readGlobals(words);
  if (flags === undefined || args[0] === undefined || args[0] === 'help') return await help(args.slice(1));
  if (flags.version) {
    print(`berth version ${version}\n`);
    return 0;
  }
  if (flags.debug) env['BERTH_DEBUG'] = '1';
  if (flags['log-level'] !== undefined) env['BERTH_LOG_LEVEL'] = flags['log-level'];
  const found = findCommand(args);
  if (found === undefined) throw unknownCommand(args);
  const { command } = await found.load();
  try {
    const namespace = flags.namespace ?? (env['BERTH_NAMESPACE'] || undefined);
    return await runCommand(found, { command, place: findPlace(flags, env), namespace, env });
  } catch (error) {
    return tell(error, { name: found.name, failureCode: command.failureCode ?? 1 });
  }
}

function readGlobals(words: readonly string[]): {
  readonly flags: FlagValues<typeof globalFlags> | undefined;
  readonly args: readonly string[];
} {
  try {
    const line = parseLine(words, globalFlags, { stopAtArgument: true });
    // `berth -v` alone names no command.
    return line.flags.version ? { flags: line.flags, args: ['version'] } : line;
  } catch (error) {
    if (error instanceof HelpWanted) return { flags: undefined, args: [] };
    throw error;
  }
}

interface Setting {
  readonly command: Command;
  readonly place: DaemonPlace;
  readonly namespace: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

async function runCommand(found: FoundCommand, { command, place, namespace, env }: Setting): Promise<number> {
  const { name, rest } = found;
  let line;
  try {
    line = parseLine(rest, command.flags, { stopAtArgument: command.stopAtArgument ?? false });
  } catch (error) {
    if (error instanceof HelpWanted) return await help([name]);
    throw error;
  }
  checkCount(name, command, line.args.length);
  const client = connectBerth({ socket: place.socket, namespace, whenAbsent: () => startDaemon(place) });
  return (await command.run({ ...line, client, place, namespace, env })) ?? 0;
}

async function startDaemon(place: DaemonPlace): Promise<void> {
  const daemon = await import('./daemon/ensure-daemon.ts');
  await daemon.startDaemon(place);
}

function checkCount(name: string, { arguments: { least, most } }: Command, count: number): void {
  if (count >= least && (most === undefined || count <= most)) return;
  const exactly = least === most;
  const limit = count < least ? least : (most ?? 0);
  const plural = limit === 1 ? 'argument' : 'arguments';
  const bound = exactly ? '' : count < least ? 'at least ' : 'at most ';
  const message = most === 0 ? 'accepts no arguments' : `requires ${bound}${limit} ${plural}`;
  throw new BerthError('invalid_argument', `'berth ${name}' ${message}`, { code: 'bad_arguments' });
}

/** Reports a failure and gives its exit code. */
function tell(error: unknown, { name, failureCode }: { readonly name: string; readonly failureCode: number }): number {
  const code = error instanceof BerthError ? error.code : '';
  if (code !== 'bad_flag' && code !== 'bad_arguments') {
    reportError(error);
    return failureCode;
  }
  const { message, hint } = error as BerthError;
  reportError(new BerthError('invalid_argument', message, { hint: [hint, seeHelp(name)].filter(Boolean).join('; ') }));
  return code === 'bad_flag' ? badFlagCode : failureCode;
}

function seeHelp(name: string): string {
  return `see 'berth ${name === '' ? '' : `${name} `}--help'`;
}

function unknownCommand(args: readonly string[]): BerthError {
  const [first = ''] = args;
  const name = args.slice(0, isGroup(first) ? 2 : 1).join(' ');
  return new BerthError('invalid_argument', `unknown command: berth ${name}`, { hint: seeHelp('') });
}

async function help(words: readonly string[]): Promise<number> {
  const { printHelp } = await import('./print-help.ts');
  return await printHelp(words);
}

function checkLevel(text: string): string {
  if (['debug', 'info', 'warn', 'error'].includes(text)) return text;
  throw new BerthError('invalid_argument', `'${text}' is not a level`);
}
