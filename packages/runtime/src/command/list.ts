import { writeSync } from 'node:fs';
import { asError, BerthError, isKind } from '@berth/model/error';
import { loadContainer } from '../state/container.ts';
import { containerIds } from '../state/container-folder.ts';
import { type ContainerSummary, summarize } from '../state/summary.ts';
import { textTable } from './text-table.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

export function run({ globals, flags, log }: Invocation<FlagsOf<'list'>>): number {
  if (flags.format !== 'table' && flags.format !== 'json') {
    throw new BerthError('invalid_argument', `invalid format option: ${flags.format}`, { code: 'bad_flag' });
  }
  const found = containerIds(globals.root).flatMap((id) => {
    try {
      return [summarize(loadContainer(globals.root, id))];
    } catch (error) {
      // Being made or removed at this moment; anything else is told, and hides none of the others.
      if (!isKind(error, 'not_found')) log.error(`load container ${id}: ${asError(error).message}`);
      return [];
    }
  });
  writeSync(1, flags.quiet ? found.map(({ id }) => `${id}\n`).join('') : listing(found, flags.format));
  return 0;
}

function listing(found: readonly ContainerSummary[], format: 'table' | 'json'): string {
  // runc's word for an empty list, which its clients know.
  if (format === 'json') return found.length === 0 ? 'null\n' : `${JSON.stringify(found)}\n`;
  const rows = found.map(({ id, pid, status, bundle, created, owner }) => [
    id,
    String(pid),
    status,
    bundle,
    created,
    owner,
  ]);
  return textTable([['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER'], ...rows]);
}
