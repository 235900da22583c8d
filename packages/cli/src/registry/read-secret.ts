import { text } from 'node:stream/consumers';
import { BerthError } from '@berth/model/error';
import { printError } from '../print/output.ts';
import { isTerminal } from '../terminal/raw-mode.ts';

const control = { c: '\x03', d: '\x04', u: '\x15', backspace: '\x7f', bell: '\b' } as const;
/** Longer ones are a mistake: a file that was meant for another flag. */
const longest = 64 << 10;

/** A password from standard input, as `--password-stdin` has it: without the newline at its end. */
export async function secretFromInput(): Promise<string> {
  const secret = (await text(process.stdin)).replace(/\r?\n$/, '');
  if (secret !== '' && secret.length <= longest) return secret;
  throw new BerthError('invalid_argument', 'standard input has no password', { code: 'no_password' });
}

/** Asks for a line at the terminal. @throws invalid_argument (`not_a_tty`) when there is none */
export async function askLine(prompt: string): Promise<string> {
  return await ask(prompt, true);
}

/** As `askLine`, and what is typed is not shown. */
export async function askSecret(prompt: string): Promise<string> {
  return await ask(prompt, false);
}

async function ask(prompt: string, isShown: boolean): Promise<string> {
  if (!isTerminal(0)) {
    throw new BerthError('invalid_argument', 'cannot ask for credentials: the input is not a terminal', {
      code: 'not_a_tty',
      hint: 'give the user name with -u or --creds, and the password with --password-stdin',
    });
  }
  const { stdin } = process;
  // Before the prompt: who answers at once would see what he types.
  stdin.setRawMode(true);
  try {
    printError(prompt);
    return await typedLine(stdin, isShown);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    printError('\n');
  }
}

async function typedLine(keys: AsyncIterable<Buffer>, isShown: boolean): Promise<string> {
  let line = '';
  const iterator = keys[Symbol.asyncIterator]();
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    for (const key of next.value.toString('utf8')) {
      if (key === '\r' || key === '\n' || (key === control.d && line === '')) return line;
      if (key === control.c) throw new BerthError('cancelled', 'nothing was entered', { code: 'interrupted' });
      if (key === control.u) line = erase(line, line.length, isShown);
      else if (key === control.backspace || key === control.bell) line = erase(line, 1, isShown);
      else if (key >= ' ') {
        line += key;
        if (isShown) printError(key);
      }
    }
  }
  return line;
}

function erase(line: string, count: number, isShown: boolean): string {
  if (isShown) printError('\b \b'.repeat(Math.min(count, line.length)));
  return line.slice(0, Math.max(0, line.length - count));
}
