/** A reporter for node:test that writes each result as a line of JSON, for the process that runs the files. */
import type { EventData } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';
import type { TestLine } from './outcome.ts';

export default async function* eventLines(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const names: string[] = [];
  for await (const event of events) {
    if (event.type === 'test:start') names[event.data.nesting] = event.data.name;
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { name, nesting, file, details, skip } = event.data;
    const result = event.type === 'test:fail' ? 'failed' : isSet(skip) ? 'skipped' : 'passed';
    if (details.type === 'suite' && result === 'passed') continue;
    // A parent that failed because of its children: they were told one by one.
    if (event.type === 'test:fail' && failureKind(event.data) === 'subtestsFailed') continue;
    const line: TestLine = {
      name: [...names.slice(0, nesting), name].join(' › '),
      file: file ?? '',
      milliseconds: details.duration_ms,
      result,
      detail: event.type === 'test:fail' ? failureText(event.data) : reasonText(skip),
    };
    yield `${JSON.stringify(line)}\n`;
  }
}

function isSet(skip: string | boolean | undefined): boolean {
  return skip !== undefined && skip !== false;
}

function reasonText(skip: string | boolean | undefined): string {
  return typeof skip === 'string' && skip !== '' ? skip : isSet(skip) ? 'no reason given' : '';
}

function failureKind({ details }: EventData.TestFail): unknown {
  return (details.error as Error & { readonly failureType?: unknown }).failureType;
}

function failureText({ details }: EventData.TestFail): string {
  // node:test wraps what the test threw.
  return inspect(details.error.cause ?? details.error, { depth: 4 });
}
