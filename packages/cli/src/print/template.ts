import { asError } from '@berth/model/error';
import {
  badTemplate,
  type Nodes,
  type Operand,
  parseTemplate,
  type Pipe,
  type TemplateNode,
} from './template-parse.ts';
import { goText, isTrue } from './go-value.ts';
import { templateFunctions } from './template-function.ts';

/** A template that was read once and is used for many values. */
export interface Template {
  /** @throws invalid_argument (`bad_template`) when the value has no such field */
  render(value: unknown): string;
}

/** @throws invalid_argument (`bad_template`) */
export function compileTemplate(template: string): Template {
  const nodes = parseTemplate(template);
  return {
    render(value) {
      try {
        return renderNodes(nodes, { dot: value, variables: { $: value } });
      } catch (error) {
        throw error instanceof EvaluationError ? badTemplate(template, error.message) : error;
      }
    },
  };
}

/** A template given on the command line: `\n` and `\t` in it are meant. */
export function unescapeFormat(format: string): string {
  return format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

class EvaluationError extends Error {}

interface Scope {
  readonly dot: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
}

function renderNodes(nodes: Nodes, scope: Scope): string {
  return nodes.map((node) => renderNode(node, scope)).join('');
}

function renderNode(node: TemplateNode, scope: Scope): string {
  if (node.kind === 'text') return node.text;
  const value = evaluatePipe(node.pipe, scope);
  if (node.kind === 'value') return goText(value);
  if (node.kind === 'range') return renderRange(node, value, scope);
  const { body, otherwise } = node;
  if (!isTrue(value)) return renderNodes(otherwise, scope);
  return renderNodes(body, node.kind === 'with' ? { ...scope, dot: value } : scope);
}

function renderRange(node: Exclude<TemplateNode, { kind: 'text' | 'value' }>, value: unknown, scope: Scope): string {
  // Go walks a map in the order of its keys.
  const entries: [unknown, unknown][] = Array.isArray(value)
    ? [...(value as readonly unknown[]).entries()]
    : Object.entries(value ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return renderNodes(node.otherwise, scope);
  const [first, second] = node.names;
  return entries
    .map(([key, item]) => {
      const variables = { ...scope.variables };
      if (second !== undefined && first !== undefined) Object.assign(variables, { [first]: key, [second]: item });
      else if (first !== undefined) variables[first] = item;
      return renderNodes(node.body, { dot: item, variables });
    })
    .join('');
}

function evaluatePipe(pipe: Pipe, scope: Scope): unknown {
  let piped: unknown[] = [];
  for (const [first, ...rest] of pipe) {
    if (first === undefined) continue;
    const args = rest.map((operand) => evaluate(operand, scope));
    piped = [
      first.kind === 'word' ? call(first.name, [...args, ...piped]) : callable(first, [...args, ...piped], scope),
    ];
  }
  return piped[0];
}

/** A field may hold a function: docker's `{{.Label "name"}}`. */
function callable(operand: Operand, args: readonly unknown[], scope: Scope): unknown {
  const value = evaluate(operand, scope);
  if (typeof value === 'function') return (value as (...args: readonly unknown[]) => unknown)(...args);
  if (args.length > 0) throw new EvaluationError(`can't give arguments to a value that is not a function`);
  return value;
}

function call(name: string, args: readonly unknown[]): unknown {
  const action = Object.hasOwn(templateFunctions, name) ? templateFunctions[name] : undefined;
  if (action === undefined) throw new EvaluationError(`function "${name}" not defined`);
  try {
    return action(...args);
  } catch (error) {
    throw new EvaluationError(`${name}: ${asError(error).message}`);
  }
}

function evaluate(operand: Operand, scope: Scope): unknown {
  switch (operand.kind) {
    case 'literal':
      return operand.value;
    case 'word':
      return call(operand.name, []);
    case 'pipe':
      return walk(evaluatePipe(operand.pipe, scope), operand.fields);
    case 'path': {
      const { variable, fields } = operand;
      if (variable === undefined) return walk(scope.dot, fields);
      if (!Object.hasOwn(scope.variables, variable)) throw new EvaluationError(`undefined variable "${variable}"`);
      return walk(scope.variables[variable], fields);
    }
  }
}

function walk(start: unknown, fields: readonly string[]): unknown {
  let value = start;
  for (const field of fields) {
    if (value === null || value === undefined) throw new EvaluationError(`nil has no field ${field}`);
    if (typeof value !== 'object' || !Object.hasOwn(value, field))
      throw new EvaluationError(`can't evaluate field ${field}`);
    value = (value as Readonly<Record<string, unknown>>)[field];
  }
  return value;
}
