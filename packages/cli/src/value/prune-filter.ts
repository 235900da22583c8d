import { BerthError } from '@berth/model/error';
import type { PruneRequest } from '@berth/wire/native/api';
import { parseBoolean } from '../flag/spec.ts';
import { parseMoment } from './moment.ts';

/**
 * Docker's filters of what is pruned: `until=MOMENT`, `label=KEY[=VALUE]`, `label!=KEY[=VALUE]`, `dangling=BOOL`.
 * @throws invalid_argument (`bad_filter`)
 */
export function pruneRequest(filters: readonly string[], all: boolean, now = Date.now()): PruneRequest {
  const labels: string[] = [];
  let until: string | undefined;
  let every = all;
  for (const filter of filters) {
    const [, key = '', not = '', value = ''] = /^([a-z]+)(!?)=([^]+)$/.exec(filter) ?? [];
    if (key === 'label') labels.push(`${not}${value}`);
    else if (key === 'until' && not === '') until = new Date(parseMoment(value, now)).toISOString();
    else if (key === 'dangling' && not === '') every = all || !parseBoolean(value);
    else throw badFilter(`unknown filter '${filter}'`);
  }
  return { all: every, labels, ...(until === undefined ? {} : { until }) };
}

function badFilter(message: string): BerthError {
  return new BerthError('invalid_argument', message, {
    code: 'bad_filter',
    hint: 'filters are until=24h, until=2026-11-21T10:00:00Z, label=key[=value], label!=key[=value]',
  });
}
