import { writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { asError, BerthError } from '@berth/model/error';
import { defaultRoot } from '../state/root-folder.ts';
import { type FlagTable, type ParsedLine, parseLine } from './flag.ts';
import { globalFlags } from './global-flags.ts';
import { messageOf } from './error-message.ts';
import { commandHelp, verbHelp } from './help.ts';
import { type CommandLog, commandLog } from './log.ts';
import type { Globals, Verb } from './verb.ts';
import { verbs } from './verb-table.ts';
import { versionText } from './version.ts';

/** runc's code for a verb that it does not have. */
const unknownVerb = 3;

/** Runs one command line to its end. @returns the exit code; errors are written, never thrown */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  let line: ParsedLine<typeof globalFlags>;
  try {
    line = parseLine(words, globalFlags, { stopAtArgument: true });
  } catch (error) {
    return misused(commandLog(), { error, help: commandHelp() });
  }
  const [name, ...rest] = line.args;
  if (line.flags.version) return print(versionText());
  if (line.help || name === undefined) return print(commandHelp());
  if (name === 'help' || name === 'h') return printHelp(rest[0]);
  let log = commandLog();
  try {
    log = openLog(line);
    return await runVerb(name, { rest, log, globals: globalsOf(line) });
  } catch (error) {
    log.fatal(messageOf(error));
    return 1;
  }
}

interface Call {
  readonly rest: readonly string[];
  readonly log: CommandLog;
  readonly globals: Globals;
}

async function runVerb(name: string, { rest, log, globals }: Call): Promise<number> {
  const verb = verbNamed(name);
  if (verb === undefined) {
    log.fatal(`no such command: ${name}`);
    return unknownVerb;
  }
  let parsed: ParsedLine<FlagTable>;
  try {
    parsed = parseLine(rest, verb.flags, { stopAtArgument: verb.stopAtArgument });
    if (!parsed.help) checkCount(name, verb, parsed.args.length);
  } catch (error) {
    return misused(log, { error, help: verbHelp(name, verb) });
  }
  if (parsed.help) return print(verbHelp(name, verb));
  try {
    const module = await verb.load();
    const { flags, args, given } = parsed;
    return await module.run({ globals, flags, args, given, log });
  } catch (error) {
    if (globals.debug) log.debug(asError(error).stack ?? '');
    log.fatal(`${prefixOf(verb)}${messageOf(error)}`);
    return verb.failure ?? 1;
  }
}

/** `exec` says less than the others, because clients look for what runc says. */
function prefixOf({ prefix }: Verb): string {
  if (prefix === undefined) return '';
  return prefix === 'exec' ? 'exec failed: ' : `berth-oci ${prefix} failed: `;
}

function verbNamed(name: string): Verb | undefined {
  return Object.hasOwn(verbs, name) ? verbs[name as keyof typeof verbs] : undefined;
}

function checkCount(name: string, { args: { least, most } }: Verb, count: number): void {
  if (count >= least && (most === undefined || count <= most)) return;
  const wanted = least === most ? `exactly ${least}` : count < least ? `at least ${least}` : `at most ${most}`;
  throw new BerthError('invalid_argument', `berth-oci: "${name}" requires ${wanted} argument(s)`, {
    code: 'bad_arguments',
  });
}

function openLog({ flags }: ParsedLine<typeof globalFlags>): CommandLog {
  const format = flags['log-format'];
  if (format !== 'text' && format !== 'json') {
    throw new BerthError('invalid_argument', `invalid log-format: ${format}`, { code: 'bad_flag' });
  }
  const file = flags.log === '/dev/stderr' ? '' : flags.log;
  return commandLog({ file, format, debug: flags.debug });
}

function globalsOf({ flags }: ParsedLine<typeof globalFlags>): Globals {
  const { rootless } = flags;
  if (!['true', 'false', 'auto'].includes(rootless)) {
    throw new BerthError('invalid_argument', `invalid --rootless: ${rootless}: use true, false or auto`, {
      code: 'bad_flag',
    });
  }
  return {
    root: flags.root === '' ? defaultRoot() : resolve(flags.root),
    systemdCgroup: flags['systemd-cgroup'],
    rootless: rootless === 'auto' ? 'auto' : rootless === 'true',
    debug: flags.debug,
  };
}

function misused(log: CommandLog, { error, help }: { readonly error: unknown; readonly help: string }): number {
  print(`Incorrect Usage: ${messageOf(error)}\n\n${help}`);
  log.fatal(messageOf(error));
  return 1;
}

function printHelp(name: string | undefined): number {
  const verb = name === undefined ? undefined : verbNamed(name);
  return print(verb === undefined ? commandHelp() : verbHelp(name!, verb));
}

function print(text: string): number {
  writeSync(1, text);
  return 0;
}
