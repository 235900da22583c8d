/** The layout of docker's tables: at least ten columns a cell, three spaces between, nothing after the last. */
const leastWidth = 10;
const gap = 3;

/** Lines of a table, the first row being its header. Every line ends in a newline. */
export function formatTable(rows: readonly (readonly string[])[], least = leastWidth): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? least, displayLength(cell) + gap);
    }
  }
  return rows.map((row) => `${row.map((cell, at) => pad(cell, at, { row, widths })).join('')}\n`).join('');
}

function pad(cell: string, at: number, { row, widths }: { row: readonly string[]; widths: readonly number[] }): string {
  if (at === row.length - 1) return cell;
  return cell + ' '.repeat((widths[at] ?? 0) - displayLength(cell));
}

/** Characters, not UTF-16 units. */
function displayLength(text: string): number {
  return Array.from(text).length;
}

/** The text, or its start and an ellipsis, within `most` characters. */
export function ellipsis(text: string, most: number): string {
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

/** In double quotes, as Go's strconv.Quote prints it; JSON differs only in a few control characters. */
export function quote(text: string): string {
  return JSON.stringify(text);
}
