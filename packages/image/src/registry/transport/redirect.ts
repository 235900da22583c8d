import { BerthError } from '@berth/model/error';
import type { TlsSettings } from '../host/tls.ts';
import type { Agents } from './agents.ts';
import { discard } from './body.ts';
import { type Answer, exchange, type Outgoing, type Patience } from './exchange.ts';

const mostRedirects = 5;
const statuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** What is for the host that was asked, and for no other. */
const own: ReadonlySet<string> = new Set(['authorization', 'cookie']);

export interface Route {
  readonly agents: Agents;
  readonly tls: TlsSettings;
  /** Further headers that are for the host alone. */
  readonly ownHeaders: Readonly<Record<string, string>>;
  readonly patience: Patience;
}

/**
 * As `exchange`, along redirects. Another host (or port, or scheme) gets neither Authorization nor the host's own
 * headers, nor does it see our certificate, nor a body that is a secret.
 * @throws failed_precondition (`bad_redirect`)
 */
export async function follow(outgoing: Outgoing, route: Route): Promise<Answer> {
  let { url } = outgoing;
  for (let count = 0; ; count++) {
    const same = url.origin === outgoing.url.origin;
    const headers = same ? { ...route.ownHeaders, ...outgoing.headers } : withoutOwn(outgoing.headers);
    const agent = route.agents.for(url, same ? route.tls : undefined);
    const answer = await exchange({ ...outgoing, url, headers }, agent, route.patience);
    const { location } = answer.headers;
    if (!statuses.has(answer.status) || location === undefined) return answer;
    discard(answer);
    // 303 asks for a GET of something else, which no upload means.
    if (answer.status === 303 && outgoing.body !== undefined) throw bad(url, 'with status 303, which fits no upload');
    if (count >= mostRedirects) throw bad(url, `more than ${mostRedirects} times`);
    url = target(location, url);
    if (outgoing.body?.isSecret === true && url.origin !== outgoing.url.origin)
      throw bad(outgoing.url, `to ${url.host} what is a secret between the two of us`);
  }
}

function target(location: string, from: URL): URL {
  if (!URL.canParse(location, from.href)) throw bad(from, 'to something that is no URL');
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && to.protocol !== 'http:') throw bad(from, `to a ${to.protocol} URL`);
  if (from.protocol === 'https:' && to.protocol === 'http:') throw bad(from, `from https to http (${to.host})`);
  // Whoever could put credentials here could have us send them.
  to.username = '';
  to.password = '';
  return to;
}

function withoutOwn(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !own.has(name)));
}

function bad(from: URL, how: string): BerthError {
  return new BerthError('failed_precondition', `${from.host} redirects ${how}`, { code: 'bad_redirect' });
}
