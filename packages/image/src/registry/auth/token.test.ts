import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { text } from 'node:stream/consumers';
import type { Credentials } from '../contract.ts';
import { FakeClock, FakeRegistry, never, type Seen, someManifest } from '../fixture.ts';

const manifest = someManifest('a');
const as = { username: 'user', password: 'secret' };

interface Pair extends AsyncDisposable {
  readonly registry: FakeRegistry;
  readonly tokens: FakeRegistry;
  /** Bodies of what was posted to the token server. */
  readonly posted: string[];
}

interface Rules {
  readonly realm?: (tokens: FakeRegistry) => string;
  /** Seconds. */
  readonly expiresIn?: number;
  readonly grant?: (seen: Seen, count: number) => { readonly status: number; readonly body?: object };
  readonly accept?: (authorization: string) => boolean;
}

/** A registry that wants tokens, and its token server. */
async function pair(rules: Rules = {}): Promise<Pair> {
  const posted: string[] = [];
  let count = 0;
  const tokens = await FakeRegistry.start(async (request, response, seen) => {
    if (request.method === 'POST') posted.push(await text(request));
    count++;
    const usual = { status: 200, body: { token: `t${count}`, expires_in: rules.expiresIn ?? 300 } };
    const { status, body } = rules.grant?.(seen, count) ?? usual;
    response.writeHead(status).end(JSON.stringify(body ?? usual.body));
  });
  const realm = rules.realm?.(tokens) ?? `http://${tokens.host}/token`;
  const registry = await FakeRegistry.start((request, response) => {
    const { authorization } = request.headers;
    const good = authorization?.startsWith('Bearer ') === true && rules.accept?.(authorization) !== false;
    if (good) return response.end(manifest.bytes);
    const challenge = `Bearer realm="${realm}",service="a, b",scope="repository:app:pull"`;
    return response.writeHead(401, { 'www-authenticate': challenge }).end();
  });
  return {
    registry,
    tokens,
    posted,
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await tokens[Symbol.asyncDispose]();
    },
  };
}

describe('a token', () => {
  it('is asked for once, however many wait for it, and kept', async () => {
    await using both = await pair();
    const repository = both.registry.repository({ as });
    await Promise.all(Array.from({ length: 8 }, () => repository.manifest(manifest.descriptor, never)));
    await repository.manifest(manifest.descriptor, never);
    assert.equal(both.tokens.seen.length, 1);
    const { searchParams } = new URL(both.tokens.seen[0]!.path, 'http://x');
    assert.equal(searchParams.get('service'), 'a, b');
    assert.deepEqual(searchParams.getAll('scope'), ['repository:app:pull']);
    assert.equal(both.tokens.seen[0]?.headers.authorization, 'Basic dXNlcjpzZWNyZXQ=');
    // The registry itself never sees the password.
    assert.ok(both.registry.seen.every(({ headers }) => headers.authorization?.startsWith('Basic') !== true));
  });

  it('is had by nobody too', async () => {
    await using both = await pair();
    await both.registry.repository().manifest(manifest.descriptor, never);
    assert.equal(both.tokens.seen[0]?.headers.authorization, undefined);
  });

  it('is asked for again before it ends, and when the registry does not take it any longer', async () => {
    const clock = new FakeClock();
    let refused = '';
    await using both = await pair({ accept: (authorization) => authorization !== refused });
    const repository = both.registry.repository({ as, clock });
    await repository.manifest(manifest.descriptor, never);
    clock.pass(290_000);
    await repository.manifest(manifest.descriptor, never);
    assert.equal(both.tokens.seen.length, 2);
    assert.equal(both.registry.seen.length, 3);
    refused = 'Bearer t2';
    await repository.manifest(manifest.descriptor, never);
    assert.equal(both.tokens.seen.length, 3);
  });

  it('that is fresh and refused means a login', async () => {
    await using both = await pair({ accept: () => false });
    const failure = both.registry.repository({ as }).manifest(manifest.descriptor, never);
    await assert.rejects(failure, { kind: 'unauthenticated', hint: `berth login ${both.registry.host}` });
    assert.equal(both.tokens.seen.length, 1);
  });

  it('that is not given means a login, and the message has no password', async () => {
    await using both = await pair({ grant: () => ({ status: 401, body: { details: 'user:secret is wrong' } }) });
    const failure = both.registry.repository({ as }).manifest(manifest.descriptor, never);
    await assert.rejects(failure, (error: Error) => {
      assert.equal((error as Error & { kind: string }).kind, 'unauthenticated');
      assert.ok(!String(error.stack).includes('secret'));
      return true;
    });
  });

  it('comes by OAuth2 for an identity token, or by GET where there is no POST', async () => {
    const identity: Credentials = { identityToken: 'idt' };
    await using oauth = await pair({ grant: () => ({ status: 200, body: { access_token: 'x' } }) });
    await oauth.registry.repository({ as: identity }).manifest(manifest.descriptor, never);
    const form = new URLSearchParams(oauth.posted[0]);
    assert.equal(form.get('grant_type'), 'refresh_token');
    assert.equal(form.get('refresh_token'), 'idt');
    assert.equal(form.get('scope'), 'repository:app:pull');
    await using old = await pair({
      grant: ({ method }) => (method === 'POST' ? { status: 405, body: {} } : { status: 200 }),
    });
    await old.registry.repository({ as: identity }).manifest(manifest.descriptor, never);
    const basic = Buffer.from('<token>:idt').toString('base64');
    assert.equal(old.tokens.seen[1]?.headers.authorization, `Basic ${basic}`);
  });

  it('is asked for without the headers that are for the registry alone', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'berth-hosts-'));
    try {
      await using both = await pair();
      const { host } = both.registry;
      await mkdir(path.join(folder, host));
      const toml = `server = "http://${host}"\n[header]\nx-key = "k"\n`;
      await writeFile(path.join(folder, host, 'hosts.toml'), toml);
      await both.registry.repository({ as, hostFolders: [folder] }).manifest(manifest.descriptor, never);
      assert.ok(both.registry.seen.every(({ headers }) => headers['x-key'] === 'k'));
      assert.equal(both.tokens.seen.length, 1);
      assert.equal(both.tokens.seen[0]?.headers['x-key'], undefined);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('does not cost an identity token when its server redirects to another host', async () => {
    const stolen: string[] = [];
    await using thief = await FakeRegistry.start(async (request, response) => {
      stolen.push(await text(request));
      response.end('{}');
    });
    await using tokens = await FakeRegistry.start((_request, response) => {
      response.writeHead(307, { location: `http://${thief.host}/` }).end();
    });
    await using both = await pair({ realm: () => `http://${tokens.host}/token` });
    const failure = both.registry.repository({ as: { identityToken: 'idt' } }).manifest(manifest.descriptor, never);
    await assert.rejects(failure, { kind: 'failed_precondition', code: 'bad_redirect' });
    assert.deepEqual(stolen, []);
  });

  it('that the user has is sent as it is', async () => {
    await using both = await pair();
    await both.registry.repository({ as: { registryToken: 'mine' } }).manifest(manifest.descriptor, never);
    assert.equal(both.registry.seen.at(-1)?.headers.authorization, 'Bearer mine');
    assert.equal(both.tokens.seen.length, 0);
  });

  it('is not asked for without TLS at another machine', async () => {
    for (const realm of ['http://192.0.2.1/token', 'ftp://localhost/', 'nonsense']) {
      await using both = await pair({ realm: () => realm });
      const failure = both.registry.repository({ as }).manifest(manifest.descriptor, never);
      await assert.rejects(failure, { kind: 'failed_precondition', code: 'bad_realm' });
    }
  });

  it('is asked for again after failures that pass; an answer without one is told', async () => {
    const answers = [{ status: 503 }, { status: 429 }, { status: 200 }];
    await using both = await pair({ grant: () => answers.shift() ?? { status: 200, body: { token: 'a\nb' } } });
    await both.registry.repository().manifest(manifest.descriptor, never);
    assert.equal(both.tokens.seen.length, 3);
    const failure = both.registry.repository().manifest(manifest.descriptor, never);
    await assert.rejects(failure, { kind: 'unavailable', code: 'bad_token_answer' });
    await using bomb = await pair({ grant: () => ({ status: 200, body: { token: 'x'.repeat(2 << 20) } }) });
    await assert.rejects(bomb.registry.repository().manifest(manifest.descriptor, never), { code: 'too_big' });
  });

  it('for a mount is also for the repository that the blob is in', async () => {
    await using both = await pair();
    await both.registry
      .repository({ as })
      .mount(manifest.descriptor.digest, 'other', never)
      .catch(() => undefined);
    const { searchParams } = new URL(both.tokens.seen[0]!.path, 'http://x');
    assert.deepEqual(searchParams.getAll('scope'), ['repository:app:pull,push', 'repository:other:pull']);
  });
});
