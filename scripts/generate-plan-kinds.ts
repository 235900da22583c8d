/**
 * Writes native/gen/plan_kinds.h, the C side of the plan's layout.
 * `--check` writes nothing and ends with 1 when the committed file is not what would be written.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { layout, type RecordKind } from '../packages/runtime/src/plan/layout.ts';
import { binaryFields, limits, listFields, runsOn } from '../packages/runtime/src/plan/shape.ts';

export const planKindsPath = join(import.meta.dirname, '../native/gen/plan_kinds.h');

const width = 160;

const kinds = Object.entries(layout) as [RecordKind, (typeof layout)[RecordKind]][];

function trackMask(kind: RecordKind): number {
  return (runsOn(kind, 'host') ? 1 : 0) | (runsOn(kind, 'container') ? 2 : 0);
}

/** One digit a string: 0 text, 1 list, otherwise the size of one item (4 or 8). */
function stringForm(field: string): number {
  return listFields.includes(field) ? 1 : (binaryFields[field] ?? 0);
}

function kindRow(kind: RecordKind, entry: (typeof layout)[RecordKind]): string {
  const forms = entry.strings.map(stringForm).join(', ') || '0';
  const counts = `${entry.numbers.length}, ${entry.strings.length}`;
  return `X(${kind}, ${entry.code}, ${trackMask(kind)}, ${counts}, ${forms})`;
}

/** The fields' places, `N_rlimit_resource = 0`. */
function places(kind: RecordKind, fields: readonly string[], letter: string): string[] {
  return fields.map((field, index) => `${letter}_${kind}_${field} = ${index},`);
}

/** Items in as few lines as go into `width`: the header counts into the native code's budget. */
function fill(items: readonly string[], end = ''): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + item.length + 1 + end.length <= width)
      lines[lines.length - 1] = `${last} ${item}`;
    else lines.push(`    ${item}`);
  }
  return lines.map((line) => line + end);
}

/** The whole header as text. */
export function renderPlanKinds(): string {
  const widest = Math.max(...kinds.map(([, entry]) => entry.strings.length));
  const highest = Math.max(...kinds.map(([, entry]) => entry.code));
  const rows = fill(
    kinds.map(([kind, entry]) => kindRow(kind, entry)),
    ' \\',
  );
  return [
    '/* Made by scripts/generate-plan-kinds.ts from packages/runtime/src/plan. Do not edit. */',
    '#ifndef BERTH_PLAN_KINDS_H',
    '#define BERTH_PLAN_KINDS_H',
    '',
    `#define PLAN_MAX_BYTES ${limits.bytes}`,
    `#define PLAN_MAX_RECORDS ${limits.records}`,
    `#define PLAN_MAX_STRINGS ${widest}`,
    `#define PLAN_KIND_LIMIT ${highest + 1}`,
    '',
    '/* X(name, code, tracks: 1 host 2 container, numbers, strings, form of each string) */',
    `#define PLAN_KINDS(X) \\\n${rows.join('\n').replace(/ \\$/, '')}`,
    'enum {',
    ...fill(
      kinds.flatMap(([kind, entry]) => [...places(kind, entry.numbers, 'N'), ...places(kind, entry.strings, 'S')]),
    ),
    '};',
    '',
    '#endif',
    '',
  ].join('\n');
}

function committed(): string {
  try {
    return readFileSync(planKindsPath, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

if (import.meta.main) {
  const text = renderPlanKinds();
  if (!process.argv.includes('--check')) {
    mkdirSync(dirname(planKindsPath), { recursive: true });
    writeFileSync(planKindsPath, text);
  } else if (committed() !== text) {
    console.error(`${planKindsPath} is not up to date: run scripts/generate-plan-kinds.ts`);
    process.exitCode = 1;
  }
}
