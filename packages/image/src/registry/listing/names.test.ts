import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeRegistry, never } from '../fixture.ts';
import { nextLink } from './pages.ts';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('a listing', () => {
  it('is followed from page to page, by relative and by whole URLs', async () => {
    await using registry = await FakeRegistry.start((request, response) => {
      const last = new URL(request.url!, 'http://x').searchParams.get('last');
      const next = { a: 'b', b: undefined }[last ?? 'a'] ?? undefined;
      const link =
        last === null
          ? '</v2/app/tags/list?last=a>; rel="next"'
          : `<http://${registry.host}/v2/app/tags/list?last=b>;rel=next`;
      if (next !== undefined) response.setHeader('link', link);
      response.end(JSON.stringify({ name: 'app', tags: [`after-${last}`] }));
    });
    assert.deepEqual(await all(registry.repository().tags(never)), ['after-null', 'after-a', 'after-b']);
  });

  it('does not lead to another host or in a circle', async () => {
    let link = '<http://127.0.0.2:1/v2/app/tags/list>; rel="next"';
    await using registry = await FakeRegistry.start((_request, response) => {
      response.writeHead(200, { link }).end('{"tags":null}');
    });
    await assert.rejects(all(registry.repository().tags(never)), { code: 'bad_location_header' });
    link = '</v2/app/tags/list?last=a>; rel="next"';
    await assert.rejects(all(registry.repository().tags(never)), { code: 'bad_location_header' });
    assert.ok(registry.seen.length <= 4);
  });

  it('is refused when it is a bomb or no JSON', async () => {
    let body = '['.repeat(3 << 20);
    await using registry = await FakeRegistry.start((_request, response) => response.end(body));
    await assert.rejects(all(registry.repository().tags(never)), { kind: 'data_loss', code: 'bad_answer' });
    body = `{"tags":[${'"a",'.repeat(2 << 20)}"a"]}`;
    await assert.rejects(all(registry.repository().tags(never)), { kind: 'resource_exhausted', code: 'too_big' });
    body = '{"tags":[{"a":1}]}';
    await assert.rejects(all(registry.repository().tags(never)), { kind: 'invalid_argument' });
  });

  it('of repositories is told from one that there is not', async () => {
    let status = 200;
    await using registry = await FakeRegistry.start((_request, response) => {
      response.writeHead(status).end('{"repositories":["a","b/c"]}');
    });
    assert.deepEqual(await all(registry.client().catalog(registry.host, never)), ['a', 'b/c']);
    for (status of [404, 401, 405])
      await assert.rejects(all(registry.client().catalog(registry.host, never)), {
        kind: 'unimplemented',
        code: 'no_catalog',
      });
  });

  it('knows the next page among other links', () => {
    assert.equal(nextLink('</a>; rel="prev", </b?x=1,2>; title="t"; rel="next"'), '/b?x=1,2');
    assert.equal(nextLink('</a>; rel="nextish"'), undefined);
    assert.equal(nextLink(undefined), undefined);
  });
});
