import { existsSync, readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Recipe {
  readonly root: string;
  /** Anything that JSON can say; another recipe makes the output stale. */
  readonly options: unknown;
}

interface Stamp {
  readonly options: string;
  /** Each input's size and time of change. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** Whether the output is there and neither its recipe nor an input has changed since `writeStamp`. */
export function isFresh(output: string, { root, options }: Recipe): boolean {
  if (!existsSync(output) || !existsSync(stampOf(output))) return false;
  const stamp = JSON.parse(readFileSync(stampOf(output), 'utf8')) as Stamp;
  if (stamp.options !== JSON.stringify(options)) return false;
  return Object.entries(stamp.inputs).every(([input, mark]) => markOf(join(root, input)) === mark);
}

interface Made extends Recipe {
  /** Relative to the root. */
  readonly inputs: readonly string[];
  /** When the making began, in milliseconds: what changed since may not be in the output. */
  readonly began: number;
}

/** Call it after the output is in place. */
export async function writeStamp(output: string, { root, options, inputs, began }: Made): Promise<void> {
  const changed = (input: string) => statSync(join(root, input)).mtimeMs >= began;
  const marks = inputs.map((input) => [input, changed(input) ? 'changed' : markOf(join(root, input))]);
  const stamp: Stamp = { options: JSON.stringify(options), inputs: Object.fromEntries(marks) };
  await writeFile(stampOf(output), JSON.stringify(stamp));
}

function stampOf(output: string): string {
  return `${output}.stamp`;
}

function markOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? 'absent' : `${found.size} ${found.mtimeMs}`;
}
