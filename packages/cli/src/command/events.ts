import { defineCommand } from '../command.ts';
import { listFlag, textFlag } from '../flag/spec.ts';
import { print } from '../print/output.ts';

export const command = defineCommand({
  usage: 'events [OPTIONS]',
  flags: {
    filter: listFlag('Filter output: type, event, container', { short: 'f', placeholder: 'filter' }),
    since: textFlag('Show all events created since timestamp'),
    until: textFlag('Stream events until this timestamp'),
    format: textFlag("'json' or a Go template"),
  },
  arguments: { least: 0, most: 0 },
  async run({ flags: { filter, format, since, until }, client }) {
    const template = format === undefined || format === 'json' ? undefined : await compile(format);
    for await (const event of client.events({ since, until })) {
      const { type, action, id, attributes, time } = event;
      if (!filter.every((text) => matches(text, { type, event: action, container: [id, attributes['name']] })))
        continue;
      const shown = {
        Type: type,
        Action: action,
        Status: action,
        ID: id,
        Actor: { ID: id, Attributes: attributes },
        Time: time,
      };
      if (template !== undefined) print(`${template.render(shown)}\n`);
      else if (format === 'json') print(`${JSON.stringify(shown)}\n`);
      else print(`${time} ${type} ${action} ${id}${attributeList(attributes)}\n`);
    }
  },
});

async function compile(format: string) {
  const { compileTemplate, unescapeFormat } = await import('../print/template.ts');
  return compileTemplate(unescapeFormat(format));
}

function attributeList(attributes: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(attributes).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '' : ` (${pairs.join(', ')})`;
}

function matches(filter: string, fields: Readonly<Record<string, unknown>>): boolean {
  const [key = '', value = ''] = filter.split(/=(.*)/s, 2);
  const field = fields[key];
  return Array.isArray(field) ? field.includes(value) : field === value;
}
