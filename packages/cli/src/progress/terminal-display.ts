import { isLast, type ProgressDisplay, type ProgressStep } from './display.ts';
import { progressRow, rowLabel } from './row.ts';

/** The part of a terminal that a display needs. */
export interface Screen {
  size(): { readonly columns: number; readonly rows: number };
  write(text: string): void;
}

/** Between two frames, ms: more often nobody sees it, and a slow line would have to carry it. */
const frameTime = 80;

/**
 * Bars in place at the end of the screen, one for each thing that goes on. What is finished stays above them as an
 * ordinary line, which scrolls away with the others: so there may be more things than the screen has rows. No mode of
 * the terminal is changed, so that nothing is to be repaired after a kill.
 */
export class TerminalDisplay implements ProgressDisplay {
  readonly #screen: Screen;
  readonly #going = new Map<string, ProgressStep>();
  readonly #finished: ProgressStep[] = [];
  /** The lines of bars that are on the screen. */
  #drawn: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  show(step: ProgressStep): void {
    const id = step.id ?? '';
    if (isLast(step)) {
      this.#going.delete(id);
      this.#finished.push(step);
    } else {
      this.#going.set(id, step);
    }
    this.#timer ??= setTimeout(() => this.#draw(), frameTime);
  }

  [Symbol.dispose](): void {
    this.#draw();
  }

  #draw(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { columns, rows } = this.#screen.size();
    // A character in the last column makes some terminals begin a new line.
    const width = Math.max(10, columns - 1);
    const lasting = this.#finished.splice(0).map((step) => progressRow(step, { width, label: 0 }));
    const bars = this.#bars({ width, height: Math.max(2, rows - 1) });
    const up = heightOf(this.#drawn, columns);
    const start = up === 0 ? '' : `\x1b[${up}A\r`;
    this.#screen.write(`${start}${[...lasting, ...bars].map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`);
    this.#drawn = bars;
  }

  /** What moves comes first when there is not room for all. */
  #bars({ width, height }: { readonly width: number; readonly height: number }): string[] {
    const all = [...this.#going.values()];
    const moving = all.filter(({ current }) => current !== undefined);
    const fits = all.length <= height;
    const waiting = all.filter(({ current }) => current === undefined);
    const shown = fits ? all : [...moving, ...waiting].slice(0, height - 1);
    const label = Math.max(
      0,
      ...shown.filter(({ current }) => current !== undefined).map((one) => rowLabel(one).length),
    );
    const lines = shown.map((step) => progressRow(step, { width, label }));
    return fits ? lines : [...lines, `… and ${all.length - shown.length} more`];
  }
}

/** Rows that lines take: a window that was made narrower since has broken them. */
function heightOf(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0);
}
