import { BerthError } from '@berth/model/error';
import { asString, asList, type JsonValue, member } from '@berth/model/json-reader';
import { catalogScope } from '../auth/scope.ts';
import { loginHint } from '../failure/kinds.ts';
import type { Hosts } from '../hosts.ts';
import { type Place, pullScopes, subjectOf } from '../place.ts';
import { pagesOf } from './pages.ts';

const pageSize = 1000;

export async function* listTags(place: Place, signal: AbortSignal): AsyncGenerator<string> {
  const session = await place.hosts.askSession(place.name.domain);
  const pages = pagesOf(session, {
    method: 'GET',
    target: `/${place.name.path}/tags/list?n=${pageSize}`,
    scopes: pullScopes(place),
    expect: [200],
    subject: subjectOf(place, 'tags', 'no_such_repository'),
    signal,
  });
  for await (const { json } of pages) yield* namesIn(json, 'tags');
}

/** @throws unimplemented (`no_catalog`) where the registry has none, or none for us */
export async function* listCatalog(hosts: Hosts, host: string, signal: AbortSignal): AsyncGenerator<string> {
  const session = await hosts.askSession(host);
  const pages = pagesOf(session, {
    method: 'GET',
    target: `/_catalog?n=${pageSize}`,
    scopes: [catalogScope],
    expect: [200],
    subject: { title: `catalog of ${host}`, host },
    signal,
  });
  try {
    for await (const { json } of pages) yield* namesIn(json, 'repositories');
  } catch (error) {
    if (!(error instanceof BerthError) || !closed.has(error.kind)) throw error;
    throw new BerthError('unimplemented', `${host} gives no list of its repositories`, {
      code: 'no_catalog',
      cause: error,
      hint: `many registries have none; where accounts may see it: ${loginHint(host)}`,
    });
  }
}

const closed: ReadonlySet<string> = new Set(['not_found', 'unauthenticated', 'permission_denied', 'unimplemented']);

function namesIn(json: JsonValue, key: string): readonly string[] {
  const list = member(json, key);
  return list === undefined ? [] : asList(list).map(asString);
}
