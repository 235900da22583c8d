/**
 * The part of YAML that tools write CDI files in: block maps and lists, flow ones on a single line, scalars and comments.
 * What is beyond it (anchors, tags, block scalars, several documents) is refused by its line, so that no file is
 * understood in another way than it was meant.
 */
export function parseYaml(text: string): unknown {
  const reader = new LineReader(text);
  const value = block(reader, 0);
  const rest = reader.peek();
  if (rest !== undefined) throw at(rest, 'does not belong to what is above it');
  return value;
}

interface Line {
  readonly number: number;
  readonly indent: number;
  readonly content: string;
}

class LineReader {
  readonly #lines: Line[];

  constructor(text: string) {
    this.#lines = text.split(/\r?\n/).flatMap((raw, index) => {
      const content = withoutComment(raw).trimEnd();
      const line = { number: index + 1, indent: content.length - content.trimStart().length, content: content.trim() };
      if (/^\s*\t/.test(content)) throw at(line, 'is indented with a tab');
      return line.content === '' ? [] : [line];
    });
    if (this.#lines[0]?.content === '---') this.#lines.shift();
    const other = this.#lines.find(({ content, indent }) => indent === 0 && /^(---|\.\.\.|%)/.test(content));
    if (other !== undefined) throw at(other, 'begins another document, or says how to read this one');
  }

  peek(): Line | undefined {
    return this.#lines[0];
  }

  take(): Line {
    return this.#lines.shift()!;
  }

  /** The rest of a line as a line of its own, as deep as it stands. */
  push(line: Line, content: string): void {
    const indent = line.indent + line.content.length - content.length;
    this.#lines.unshift({ ...line, indent, content });
  }
}

/** What begins at the next line, if that is at least this deep; null for nothing. */
function block(reader: LineReader, least: number): unknown {
  const first = reader.peek();
  if (first === undefined || first.indent < least) return null;
  if (isItem(first)) return list(reader, first.indent);
  if (keyEnd(first.content) >= 0) return map(reader, first.indent);
  return scalar(reader.take());
}

function list(reader: LineReader, indent: number): unknown[] {
  const items: unknown[] = [];
  for (let line = reader.peek(); line?.indent === indent && isItem(line); line = reader.peek()) {
    reader.take();
    const rest = line.content.slice(1).trimStart();
    if (rest !== '') reader.push(line, rest);
    items.push(block(reader, indent + 1));
  }
  return items;
}

function map(reader: LineReader, indent: number): Record<string, unknown> {
  const entries = new Map<string, unknown>();
  for (let line = reader.peek(); line?.indent === indent && !isItem(line); line = reader.peek()) {
    reader.take();
    const end = keyEnd(line.content);
    if (end < 0) throw at(line, 'is no entry of the map that it stands in');
    const key = String(scalar({ ...line, content: line.content.slice(0, end).trimEnd() }));
    if (entries.has(key)) throw at(line, `has the key ${key} for the second time`);
    const rest = line.content.slice(end + 1).trim();
    entries.set(key, rest === '' ? below(reader, indent) : scalar({ ...line, content: rest }));
  }
  return Object.fromEntries(entries);
}

/** A list may stand as deep as its key. */
function below(reader: LineReader, indent: number): unknown {
  const next = reader.peek();
  return next !== undefined && next.indent === indent && isItem(next)
    ? list(reader, indent)
    : block(reader, indent + 1);
}

function isItem({ content }: Line): boolean {
  return content === '-' || content.startsWith('- ');
}

/** Where the colon of a key is; -1 for what is no entry of a map. */
function keyEnd(content: string): number {
  const quoted = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*:(?=\s|$)/.exec(content);
  if (quoted !== null) return quoted[0].length - 1;
  return /^["'[{]/.test(content) ? -1 : content.search(/:(\s|$)/);
}

function scalar(line: Line): unknown {
  const { content } = line;
  if (/^[&*!|>%@`]/.test(content)) throw at(line, `begins with ${content[0]}, which is not understood here`);
  const flow = new Flow(line);
  const value = /^["'[{]/.test(content) ? flow.value() : plain(content);
  if (/^["'[{]/.test(content)) flow.end();
  return value;
}

/** Lists and maps in brackets, and quoted text. */
class Flow {
  readonly #line: Line;
  #rest: string;

  constructor(line: Line) {
    this.#line = line;
    this.#rest = line.content;
  }

  value(): unknown {
    if (this.#skip('[')) return this.#items(']', () => this.value());
    if (this.#skip('{')) return Object.fromEntries(this.#items('}', () => this.#entry()));
    return this.#text(/^[^,[\]{}]+/);
  }

  end(): void {
    if (this.#rest.trim() !== '') throw at(this.#line, `goes on with ${this.#rest.trim()}`);
  }

  #items<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.#skip(close)) {
      items.push(item());
      if (this.#skip(',') || this.#rest.trimStart().startsWith(close)) continue;
      throw at(this.#line, `has no ${close} where it should end: brackets over several lines are not understood here`);
    }
    return items;
  }

  #entry(): readonly [string, unknown] {
    const key = String(this.#text(/^[^:,[\]{}]+/));
    if (!this.#skip(':')) throw at(this.#line, `has no colon after ${key}`);
    return [key, this.value()];
  }

  #text(plainText: RegExp): unknown {
    this.#rest = this.#rest.trimStart();
    const quoted = /^"(?:[^"\\]|\\.)*"|^'(?:[^']|'')*'/.exec(this.#rest)?.[0];
    const found = quoted ?? plainText.exec(this.#rest)?.[0];
    if (found === undefined) throw at(this.#line, 'ends too early');
    this.#rest = this.#rest.slice(found.length);
    if (quoted === undefined) return plain(found.trim());
    return quoted.startsWith("'") ? quoted.slice(1, -1).replaceAll("''", "'") : unquoted(this.#line, quoted);
  }

  #skip(mark: string): boolean {
    const rest = this.#rest.trimStart();
    if (!rest.startsWith(mark)) return false;
    this.#rest = rest.slice(1);
    return true;
  }
}

function unquoted(line: Line, text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw at(line, `has an escape that is not understood here: ${text}`);
  }
}

/** As YAML 1.1 reads it, which the libraries of Go still do: 0666 is octal. */
function plain(text: string): unknown {
  if (['', '~', 'null', 'Null', 'NULL'].includes(text)) return null;
  if (['true', 'True', 'TRUE'].includes(text)) return true;
  if (['false', 'False', 'FALSE'].includes(text)) return false;
  if (/^0o?[0-7]+$/.test(text)) return Number.parseInt(text.replace('o', ''), 8);
  if (/^[-+]?(0|[1-9][0-9]*)$/.test(text) || /^0x[0-9a-fA-F]+$/.test(text)) return Number(text);
  return /^[-+]?[0-9]+\.[0-9]+$/.test(text) ? Number(text) : text;
}

/** A # begins a comment at the start of a line or after white space, outside of quotes. */
function withoutComment(text: string): string {
  let quote = '';
  for (let index = 0; index < text.length; index++) {
    const mark = text[index] ?? '';
    if (quote !== '') {
      if (mark === '\\' && quote === '"') index++;
      else if (mark === quote) quote = '';
    } else if ((mark === '"' || mark === "'") && /(^|[\s,[{:-])$/.test(text.slice(0, index))) quote = mark;
    else if (mark === '#' && /(^|\s)$/.test(text.slice(0, index))) return text.slice(0, index);
  }
  return text;
}

function at({ number, content }: Line, message: string): SyntaxError {
  return new SyntaxError(`line ${number} (${content.slice(0, 40)}) ${message}`);
}
