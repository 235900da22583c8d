import { BerthError } from '@berth/model/error';
import { switchFlag, valueFlag } from '../flag/spec.ts';
import { printError } from '../print/output.ts';
import { type ProgressDisplay, type ProgressMode, progressModes } from './display.ts';
import { jsonDisplay } from './json-display.ts';
import { plainDisplay } from './plain-display.ts';
import { type Screen, TerminalDisplay } from './terminal-display.ts';

/** Flags of every command that takes long. */
export const progressFlags = {
  quiet: switchFlag('Suppress verbose output', { short: 'q' }),
  progress: valueFlag('How to show progress: auto, tty, plain, json or quiet', parseMode),
};

export interface ProgressWish {
  readonly quiet: boolean;
  readonly progress?: ProgressMode | undefined;
}

/** The mode that flags mean. */
export function progressMode({ quiet, progress }: ProgressWish): ProgressMode {
  return quiet ? 'quiet' : (progress ?? 'auto');
}

export function openDisplay(mode: ProgressMode): ProgressDisplay {
  switch (mode) {
    case 'json':
      return jsonDisplay();
    case 'quiet':
      return { show: () => undefined, [Symbol.dispose]: () => undefined };
    case 'plain':
      return plainDisplay();
    case 'tty':
      return new TerminalDisplay(standardError);
    default:
      return process.stderr.isTTY ? new TerminalDisplay(standardError) : plainDisplay();
  }
}

const standardError: Screen = {
  write: printError,
  size() {
    // Asked for each frame: the window may have another size by now.
    const [columns = 0, rows = 0] = process.stderr.isTTY ? process.stderr.getWindowSize() : [];
    return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
  },
};

function parseMode(text: string): ProgressMode {
  const mode = progressModes.find((one) => one === text);
  if (mode !== undefined) return mode;
  throw new BerthError('invalid_argument', `'${text}' is none of ${progressModes.join(', ')}`);
}
