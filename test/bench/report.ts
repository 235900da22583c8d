import { summarize, type Summary } from './statistics.ts';

/** One line of the table: one subject, measured one way. */
export interface Row extends Summary {
  readonly measure: string;
  readonly subject: string;
  readonly unit: 'ms' | 'MiB' | 's' | '%';
  /** Ours in this row's terms: how many times more the subject takes than Berth. */
  readonly ratio?: number;
  /** What Berth should stay below. */
  readonly aim?: number;
}

/** What a measure found, and what a reader must know about it. */
export interface Findings {
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
}

export interface Measure {
  readonly name: string;
  readonly run: () => Promise<Findings>;
}

/** Rows of one measure; the first subject is ours, the others are compared with it. */
export function compare(
  measure: string,
  samples: ReadonlyMap<string, readonly number[]>,
  { unit, aim }: Pick<Row, 'unit' | 'aim'>,
): Row[] {
  const rows = [...samples].map(([subject, values]) => ({ measure, subject, unit, ...summarize(values) }));
  const [ours, ...others] = rows;
  if (ours === undefined) return [];
  return [
    { ...ours, ...(aim === undefined ? {} : { aim }) },
    ...others.map((row) => (ours.median === 0 ? row : { ...row, ratio: row.median / ours.median })),
  ];
}

export function formatTable(rows: readonly Row[]): string {
  const cells = rows.map((row, index) => [
    rows[index - 1]?.measure === row.measure ? '' : row.measure,
    row.subject,
    `${row.median.toFixed(2)} ${row.unit}`,
    row.count > 1 ? row.p99.toFixed(2) : '',
    String(row.count),
    row.ratio === undefined ? '' : `${row.ratio.toFixed(2)} x`,
    row.aim === undefined ? '' : `${row.aim} ${row.unit}${row.median <= row.aim ? ', kept' : ', MISSED'}`,
  ]);
  const table = [['measure', 'what', 'median', 'p99', 'n', 'to ours', 'aim'], ...cells];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd();
  return table.map(line).join('\n');
}
