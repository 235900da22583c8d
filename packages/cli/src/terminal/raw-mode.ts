import { isatty } from 'node:tty';
import { BerthError } from '@berth/model/error';
import type { TerminalSize } from '@berth/sdk/client';
import { onSignals } from './signal-proxy.ts';

export function isTerminal(descriptor: 0 | 1 | 2): boolean {
  return isatty(descriptor);
}

/** @throws invalid_argument (`not_a_tty`) when a terminal is wanted for typing and there is none */
export function checkTerminal(wish: { readonly stdin: boolean; readonly tty: boolean }): void {
  if (wish.stdin && wish.tty && !isTerminal(0)) {
    throw new BerthError('invalid_argument', 'the input device is not a TTY', {
      code: 'not_a_tty',
      hint: 'leave -t away when the input is a file or a pipe',
    });
  }
}

/**
 * Every key goes to the container, Ctrl-C too, and its output to the screen as it is, until disposed. Node resets the
 * terminal when the process exits or dies by a signal that it does not handle, so that no way out leaves it raw.
 */
export function rawMode(): Disposable {
  process.stdin.setRawMode(true);
  // Node's raw mode still turns a line feed into a new line, which breaks full-screen programs that mean 'one row
  // down' by it. There is no call for that in Node; without stty(1) it stays so.
  // Loaded here: it costs 4 ms, and most sessions are not typed at.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
  return {
    [Symbol.dispose]() {
      process.stdin.setRawMode(false);
    },
  };
}

/** Size of the terminal that output goes to. */
export function terminalSize(): TerminalSize | undefined {
  if (!isTerminal(1)) return undefined;
  const [columns, rows] = process.stdout.getWindowSize();
  return columns > 0 && rows > 0 ? { rows, columns } : undefined;
}

/** Tells the size now and whenever the window changes, until disposed. */
export function followSize(tell: (size: TerminalSize) => void): Disposable {
  const report = () => {
    const size = terminalSize();
    if (size !== undefined) tell(size);
  };
  report();
  return onSignals(['SIGWINCH'], report);
}
