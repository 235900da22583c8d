import { appendFileSync, writeSync } from 'node:fs';
import type { Log, LogFields } from '@berth/model/context';

export type LogFormat = 'text' | 'json';

export interface CommandLogOptions {
  /** Empty: standard error. */
  readonly file?: string;
  readonly format?: LogFormat;
  readonly debug?: boolean;
}

/** Where a command's lines go. containerd's shim and conmon read `level` and `msg` of the JSON form. */
export interface CommandLog extends Log {
  /** The line that ends a failed command: to the log, and as plain text to standard error where the log is a file. */
  fatal(message: string): void;
}

/** The file is there from now on. @throws when it cannot be written to */
export function commandLog({ file = '', format = 'text', debug = false }: CommandLogOptions = {}): CommandLog {
  if (file !== '') appendFileSync(file, '', { mode: 0o644 });
  const line = (level: string) => (message: string, fields?: LogFields) => {
    const text = format === 'json' ? jsonLine(level, message, fields) : textLine(level, message, fields);
    if (file === '') writeAll(text);
    else appendFileSync(file, text, { mode: 0o644 });
  };
  const error = line('error');
  return {
    debug: debug ? line('debug') : () => undefined,
    info: line('info'),
    warn: line('warning'),
    error,
    fatal(message) {
      error(message);
      if (file !== '') writeAll(`${message}\n`);
    },
  };
}

/** Whole seconds: RFC 3339 as the readers of these lines expect it. */
function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}

function jsonLine(level: string, message: string, fields: LogFields = {}): string {
  return `${JSON.stringify({ ...fields, level, msg: message, time: now() })}\n`;
}

function textLine(level: string, message: string, fields: LogFields = {}): string {
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
  return `time="${now()}" level=${level} msg=${JSON.stringify(message)}${pairs.join('')}\n`;
}

/** A closed standard error is no reason to fail. */
function writeAll(text: string): void {
  try {
    writeSync(2, text);
  } catch {
    // Nobody is left who could be told.
  }
}
