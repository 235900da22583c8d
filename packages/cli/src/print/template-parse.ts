import { BerthError } from '@berth/model/error';

/** The part of Go's text/template that docker's users write in `--format`. */
export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly pipe: Pipe }
  | {
      readonly kind: 'range' | 'if' | 'with';
      readonly pipe: Pipe;
      readonly body: Nodes;
      readonly otherwise: Nodes;
      readonly names: Names;
    };

export type Nodes = readonly TemplateNode[];

/** `range $key, $value := .Map` */
type Names = readonly string[];

/** Calls one after the other; each gets the result of the one before as its last argument. */
export type Pipe = readonly (readonly Operand[])[];

export type Operand =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'word'; readonly name: string }
  | { readonly kind: 'path'; readonly variable: string | undefined; readonly fields: readonly string[] }
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly fields: readonly string[] };

/** @throws invalid_argument (`bad_template`) */
export function parseTemplate(template: string): Nodes {
  const parts = template.split(/\{\{(?:- )?([\s\S]*?)(?: -)?\}\}/);
  const reader: Reader = { template, parts, at: 0 };
  const { nodes, end } = parseNodes(reader);
  if (end !== '') throw badTemplate(template, `unexpected {{${end}}}`);
  return nodes;
}

/** Even parts are text, odd ones actions. */
interface Reader {
  readonly template: string;
  readonly parts: readonly string[];
  at: number;
}

function parseNodes(reader: Reader): { nodes: TemplateNode[]; end: string } {
  const nodes: TemplateNode[] = [];
  while (reader.at < reader.parts.length) {
    const at = reader.at++;
    const part = reader.parts[at] ?? '';
    if (at % 2 === 0) {
      if (part.includes('{{')) throw badTemplate(reader.template, 'an action is not closed');
      if (part !== '') nodes.push({ kind: 'text', text: part });
      continue;
    }
    const action = part.trim();
    if (action === 'end' || action === 'else' || action.startsWith('else if ')) return { nodes, end: action };
    if (!action.startsWith('/*')) nodes.push(parseAction(reader, action));
  }
  return { nodes, end: '' };
}

function parseAction(reader: Reader, action: string): TemplateNode {
  const block = /^(range|if|with)\s+([\s\S]*)$/.exec(action);
  if (block === null) return { kind: 'value', pipe: parsePipe(reader.template, action) };
  const [, kind, rest = ''] = block;
  const named = /^((?:\$\w+\s*,\s*)?\$\w+)\s*:=\s*([\s\S]*)$/.exec(rest);
  const names = named?.[1]?.split(',').map((name) => name.trim()) ?? [];
  const pipe = parsePipe(reader.template, named?.[2] ?? rest);
  const body = parseNodes(reader);
  const otherwise = parseElse(reader, body.end);
  return { kind: kind as 'range' | 'if' | 'with', pipe, names, body: body.nodes, otherwise };
}

function parseElse(reader: Reader, end: string): Nodes {
  if (end === 'end') return [];
  if (end === '') throw badTemplate(reader.template, '{{end}} is missing');
  if (end !== 'else') return [parseAction(reader, end.slice('else '.length))];
  const { nodes, end: last } = parseNodes(reader);
  if (last !== 'end') throw badTemplate(reader.template, '{{end}} is missing');
  return nodes;
}

const token =
  /\s*(?:("(?:[^"\\]|\\.)*")|`([^`]*)`|(-?\d+(?:\.\d+)?)|(\$\w*)?((?:\.\w+)+)|(\$\w*)|(\.)|(\w+)|(\()|(\)(?:\.\w+)*)|(\|))/y;

function parsePipe(template: string, text: string): Pipe {
  const scanner = new RegExp(token.source, 'y');
  const open: { calls: Operand[][] }[] = [{ calls: [[]] }];
  const add = (operand: Operand) => open.at(-1)?.calls.at(-1)?.push(operand);
  while (scanner.lastIndex < text.trimEnd().length) {
    const from = scanner.lastIndex;
    const found = scanner.exec(text);
    if (found === null) throw badTemplate(template, `cannot read '${text.slice(from).trim()}'`);
    const [, quoted, raw, number, owner, fields, variable, dot, word, opened, closed, pipe] = found;
    if (quoted !== undefined) add({ kind: 'literal', value: unquote(template, quoted) });
    else if (raw !== undefined) add({ kind: 'literal', value: raw });
    else if (number !== undefined) add({ kind: 'literal', value: Number(number) });
    else if (fields !== undefined) add({ kind: 'path', variable: owner, fields: fields.slice(1).split('.') });
    else if (variable !== undefined || dot !== undefined) add({ kind: 'path', variable, fields: [] });
    else if (word !== undefined) add(wordOperand(word));
    else if (opened !== undefined) open.push({ calls: [[]] });
    else if (pipe !== undefined) open.at(-1)?.calls.push([]);
    else if (closed !== undefined) {
      const inner = open.pop();
      if (inner === undefined || open.length === 0) throw badTemplate(template, "unexpected ')'");
      add({ kind: 'pipe', pipe: inner.calls, fields: closed.split('.').slice(1) });
    }
  }
  const [outer] = open;
  if (open.length !== 1 || outer === undefined) throw badTemplate(template, "')' is missing");
  if (outer.calls.some((call) => call.length === 0)) throw badTemplate(template, 'an action is empty');
  return outer.calls;
}

const constants: Readonly<Record<string, unknown>> = { true: true, false: false, nil: null };

function wordOperand(name: string): Operand {
  return Object.hasOwn(constants, name) ? { kind: 'literal', value: constants[name] } : { kind: 'word', name };
}

function unquote(template: string, quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    throw badTemplate(template, `cannot read ${quoted}`);
  }
}

export function badTemplate(template: string, reason: string): BerthError {
  return new BerthError('invalid_argument', `template ${JSON.stringify(template)}: ${reason}`, {
    code: 'bad_template',
    hint: 'write fields as {{.Name}} and whole values as {{json .}}',
  });
}
