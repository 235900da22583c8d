import { print } from './output.ts';
import { formatTable } from './table.ts';

/** What a listing can show of one thing. Names are docker's, because users write them in `--format`. */
export type Row = Readonly<Record<string, unknown>>;

export interface ListingOptions {
  /** `table`, `json`, `table TEMPLATE` or `TEMPLATE`. */
  readonly format: string | undefined;
  /** Only this field, one a line. */
  readonly only?: string | undefined;
  /** The columns of the plain table: header and field. */
  readonly columns: readonly (readonly [header: string, field: string])[];
  /** Headers of fields that are not plain columns, for `table TEMPLATE`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Prints rows the way the user asked for. @throws invalid_argument (`bad_template`) */
export async function printRows(rows: readonly Row[], options: ListingOptions): Promise<void> {
  const { only, columns } = options;
  const format = options.format ?? '';
  if (only !== undefined) print(rows.map((row) => `${String(row[only])}\n`).join(''));
  else if (format === '' || format === 'table') print(plainTable(rows, columns));
  else if (format === 'json') print(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  else print(await renderRows(rows, { ...options, format }));
}

function plainTable(rows: readonly Row[], columns: ListingOptions['columns']): string {
  return formatTable([
    columns.map(([header]) => header),
    ...rows.map((row) => columns.map(([, field]) => String(row[field]))),
  ]);
}

async function renderRows(rows: readonly Row[], options: ListingOptions & { format: string }): Promise<string> {
  const { compileTemplate, unescapeFormat } = await import('./template.ts');
  const isTable = options.format.startsWith('table ');
  const template = compileTemplate(unescapeFormat(isTable ? options.format.slice('table '.length) : options.format));
  if (!isTable) return rows.map((row) => `${template.render(row)}\n`).join('');
  const known = Object.fromEntries(options.columns.map(([header, field]) => [field, header]));
  const lines = [headerRow({ ...known, ...options.headers }), ...rows];
  return formatTable(lines.map((row) => template.render(row).split('\t')));
}

/** A row whose every field is its own header. */
function headerRow(headers: Readonly<Record<string, string>>): Row {
  return { ...headers, Label: (name: unknown) => String(name) };
}
