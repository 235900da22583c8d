import type { ExplainedStep, Explanation } from '@berth/wire/native/api';
import { argument, defineCommand } from '../command.ts';
import { textFlag } from '../flag/spec.ts';
import { humanNanoseconds } from '../print/human-time.ts';
import { print } from '../print/output.ts';
import { formatTable } from '../print/table.ts';

export const command = defineCommand({
  usage: 'explain [OPTIONS] CONTAINER',
  flags: { format: textFlag("'json' or a Go template", { short: 'f' }) },
  arguments: { least: 1, most: 1 },
  async run({ flags: { format }, args, client }) {
    const explanation = await client.containers.explain(argument(args, 0));
    if (format === undefined) print(explanationText(explanation));
    else if (format === 'json') print(`${JSON.stringify(explanation)}\n`);
    else {
      const { compileTemplate, unescapeFormat } = await import('../print/template.ts');
      print(`${compileTemplate(unescapeFormat(format)).render(explanation)}\n`);
    }
  },
});

/** The plan, a line a step; the one that failed is marked and said again below. */
export function explanationText(explanation: Explanation): string {
  const { id, startedAt, total, failed, steps } = explanation;
  const rows = steps.map((step) => [
    step.index === failed?.record ? '->' : '',
    String(step.index),
    step.track,
    step.ran ? humanNanoseconds(step.took) : '-',
    step.text + stepNote(step, failed?.record),
  ]);
  const table = formatTable([['', 'STEP', 'TRACK', 'TIME', 'WHAT'], ...rows], 4);
  const inSteps = steps.reduce((sum, { took }) => sum + took, 0);
  const when = startedAt === '' ? '' : `, started ${startedAt}`;
  const sum = `total ${humanNanoseconds(total)}, of which ${humanNanoseconds(inSteps)} in the steps`;
  return `Container ${id}${when}\n${runtimeText(explanation)}\n${table}\n${failed === undefined ? sum : failureText(failed)}\n`;
}

function runtimeText({ runtime, hasOwnPlan }: Explanation): string {
  if (hasOwnPlan) return '';
  return `${runtime} is a command and has no plan of its own: these are the steps of its shim\n`;
}

function stepNote({ errno, index, ran }: ExplainedStep, failed: number | undefined): string {
  if (index === failed) return `  FAILED: ${errno ?? 'unknown'}`;
  if (errno !== undefined && errno !== '') return `  (${errno}, tolerated)`;
  return ran ? '' : '  (not run)';
}

function failureText({ record, errno, message, hint }: NonNullable<Explanation['failed']>): string {
  return `failed at step ${record}: ${message} (${errno})${hint === undefined ? '' : `\nhint: ${hint}`}`;
}
