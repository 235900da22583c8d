/** As Go's tabwriter does it with a least width of 12: what scripts that cut runc's columns expect. */
const leastWidth = 12;

export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(leastWidth, ...rows.map((row) => (row[at] ?? '').length + 1)));
  const last = widths.length - 1;
  return rows
    .map((row) => `${row.map((cell, at) => (at === last ? cell : cell.padEnd(widths[at]!))).join('')}\n`)
    .join('');
}
