/**
 * Writes native/gen/plan_kinds.h, the C side of the plan's layout.
 * `--check` writes nothing and ends with 1 when the committed file is not what would be written.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { layout, type RecordKind } from '../packages/runtime/src/plan/layout.ts';
import { binaryFields, limits, listFields, runsOn } from '../packages/runtime/src/plan/shape.ts';

export const planKindsPath = join(import.meta.dirname, '../native/gen/plan_kinds.h');

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
  return `    X(${kind}, ${entry.code}, ${trackMask(kind)}, ${counts}, ${forms})`;
}

function fieldEnum(kind: RecordKind, fields: readonly string[], letter: string): string[] {
  if (fields.length === 0) return [];
  return [`enum { ${fields.map((field) => `${letter}_${kind}_${field}`).join(', ')} };`];
}

/** The whole header as text. */
export function renderPlanKinds(): string {
  const widest = Math.max(...kinds.map(([, entry]) => entry.strings.length));
  const highest = Math.max(...kinds.map(([, entry]) => entry.code));
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
    `#define PLAN_KINDS(X) \\\n${kinds.map(([kind, entry]) => kindRow(kind, entry)).join(' \\\n')}`,
    '',
    ...kinds.flatMap(([kind, entry]) => [
      ...fieldEnum(kind, entry.numbers, 'N'),
      ...fieldEnum(kind, entry.strings, 'S'),
    ]),
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
