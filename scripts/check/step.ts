import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export const root = join(import.meta.dirname, '../..');

/** One part of the check. */
export interface Step {
  readonly name: string;
  /** @returns what is wrong, empty when nothing is */
  readonly run: () => Promise<string>;
}

export interface StepResult {
  readonly name: string;
  readonly complaint: string;
  readonly milliseconds: number;
}

export async function runStep({ name, run }: Step): Promise<StepResult> {
  const began = performance.now();
  const complaint = await run().catch((error: unknown) => String(error));
  return { name, complaint, milliseconds: performance.now() - began };
}

/** What is wrong is shown at this length; the tool itself tells the rest. */
const mostLines = 60;

/** A step that is another program, run with this Node in the root; its output is the complaint if it fails. */
export function nodeStep(name: string, args: readonly string[]): Step {
  return {
    name,
    run: async () => {
      const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
      const code = new Promise<number | null>((resolve) => child.once('close', resolve));
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
      if ((await code) === 0) return '';
      const lines = `${out}${err}`.trim().split('\n');
      const more = lines.length > mostLines ? [`and ${lines.length - mostLines} lines more of: ${args.join(' ')}`] : [];
      return [...lines.slice(0, mostLines), ...more].join('\n') || `${args[0]} failed and said nothing`;
    },
  };
}
