import { badField } from '../field.ts';

/** Which streams of a process a client wants. */
export interface StreamChoice {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** @throws invalid_argument for none, and for stderr of a terminal, which has one output */
export function streamChoice({ stdin, stdout, stderr, tty }: StreamChoice): StreamChoice {
  if (tty && stderr) throw badField('stderr', 'cannot be set with tty: a terminal has one output', 'set stdout only');
  if (!stdin && !stdout && !stderr) throw badField('stdin', 'stdout and stderr are all unset: one of them is needed');
  return { stdin, stdout, stderr, tty };
}
