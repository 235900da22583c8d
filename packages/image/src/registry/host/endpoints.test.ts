import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FakeRegistry, never, someManifest } from '../fixture.ts';
import { endpointsOf } from './endpoints.ts';
import { isLoopback } from './loopback.ts';

let folder: string;
/** Hooks of a file alone would run for every test of the process. */
function useFolder(): void {
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'berth-hosts-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
}

function write(name: string, files: Readonly<Record<string, string>>, below = folder): void {
  mkdirSync(path.join(below, name), { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(path.join(below, name, file), content);
}

const urls = async (domain: string): Promise<readonly string[]> =>
  (await endpointsOf(domain, { hostFolders: [folder] })).map(({ url }) => url);

describe('the hosts of a registry', () => {
  useFolder();
  it('are the registry itself without any configuration; Docker Hub has another name', async () => {
    assert.deepEqual(await urls('ghcr.io'), ['https://ghcr.io/v2']);
    const [hub] = await endpointsOf('docker.io', { hostFolders: [] });
    assert.equal(hub?.url, 'https://registry-1.docker.io/v2');
    assert.equal(hub?.credentialHost, 'docker.io');
    assert.equal(hub?.mayFallBack, false);
    assert.equal(hub?.tls.skipVerify, false);
  });

  it('may speak http on this machine only, or where the user says so', async () => {
    const [local] = await endpointsOf('127.0.0.1:5000', { hostFolders: [] });
    assert.equal(local?.mayFallBack, true);
    const [other] = await endpointsOf('reg:5000', { hostFolders: [], insecure: (host) => host === 'reg:5000' });
    assert.ok(other?.mayFallBack === true && other.tls.skipVerify && other.plainCredentials);
    for (const host of ['localhost', 'LOCALHOST:1', '127.255.0.1', '[::1]:5000']) assert.ok(isLoopback(host), host);
    for (const host of ['127.0.0.1.evil.io', 'localhost.evil.io', '128.0.0.1', '[::2]'])
      assert.ok(!isLoopback(host), host);
  });

  it('are those of hosts.toml in its order, then the server', async () => {
    write('docker.io', {
      'hosts.toml': `
server = "https://registry-1.docker.io"
[host."https://mirror.example/some/path"]
  capabilities = ["pull", "resolve"]
  skip_verify = true
  [host."https://mirror.example/some/path".header]
    X-One = "a"
    X-Two = ["b", "c"]
[host."http://second:5000/v2/"]
[host."third.example"]
  override_path = true`,
    });
    const all = await endpointsOf('docker.io', { hostFolders: [folder] });
    assert.deepEqual(
      all.map(({ url, credentialHost, namespace }) => [url, credentialHost, namespace]),
      [
        ['https://mirror.example/some/path/v2', 'mirror.example', 'docker.io'],
        ['http://second:5000/v2', 'second:5000', 'docker.io'],
        ['https://third.example', 'third.example', 'docker.io'],
        ['https://registry-1.docker.io/v2', 'docker.io', undefined],
      ],
    );
    assert.deepEqual(all[0]?.header, { 'x-one': 'a', 'x-two': 'b, c' });
    assert.deepEqual(all[0]?.capabilities, ['pull', 'resolve', 'referrers']);
    assert.equal(all[0]?.tls.skipVerify, true);
    assert.equal(all[1]?.plainCredentials, false);
  });

  it('are looked for under the host, with its port in either form, and last under _default', async () => {
    const file = (name: string): Record<string, string> => ({ 'hosts.toml': `server = "https://${name}.example"` });
    write('_default', file('any'));
    assert.deepEqual(await urls('a.example:5000'), ['https://any.example/v2']);
    write('a.example:5000', file('colon'));
    assert.deepEqual(await urls('a.example:5000'), ['https://colon.example/v2']);
    write('a.example_5000_', file('under'));
    assert.deepEqual(await urls('a.example:5000'), ['https://under.example/v2']);
    const second = path.join(folder, 'second');
    write('b.example', file('special'), second);
    const found = await endpointsOf('b.example', { hostFolders: [folder, second] });
    assert.equal(found[0]?.url, 'https://special.example/v2');
  });

  it("have docker's certificates, or those that hosts.toml names", async () => {
    write('a.example', { 'ca.crt': 'CA', 'client.cert': 'CERT', 'client.key': 'KEY', note: '' });
    const [docker] = await endpointsOf('a.example', { hostFolders: [folder] });
    assert.deepEqual(docker?.tls, { ca: ['CA'], client: [{ certificate: 'CERT', key: 'KEY' }], skipVerify: false });
    write('b.example', {
      'hosts.toml': 'ca = "ca.crt"\nclient = [["c.crt", "c.key"], ["both.pem", ""]]',
      'ca.crt': 'CA',
      'c.crt': 'C',
      'c.key': 'K',
      'both.pem': 'BOTH',
    });
    const [containerd] = await endpointsOf('b.example', { hostFolders: [folder] });
    assert.deepEqual(containerd?.tls.client, [
      { certificate: 'C', key: 'K' },
      { certificate: 'BOTH', key: 'BOTH' },
    ]);
    write('c.example', { 'lonely.cert': 'CERT' });
    await assert.rejects(urls('c.example'), { code: 'bad_hosts_file' });
    // A loopback registry whose authority was named has to prove itself.
    write('localhost:1', { 'ca.crt': 'CA' });
    const [local] = await endpointsOf('localhost:1', { hostFolders: [folder] });
    assert.equal(local?.tls.skipVerify, false);
    assert.equal(local?.mayFallBack, false);
  });

  it('are refused with the file and what is wrong in it', async () => {
    const wrong = [
      'server = ',
      'server = 5',
      'ca = "missing.crt"',
      'ca = [5]',
      'client = [5]',
      '[host."ht tp://"]',
      '[host."https://user:pw@a.example"]',
      '[host."https://a.example"]\ncapabilities = ["fly"]',
      '[host."https://a.example".header]\n"x\\r\\ny" = "z"',
    ];
    for (const text of wrong) {
      write('a.example', { 'hosts.toml': text });
      await assert.rejects(urls('a.example'), {
        kind: 'invalid_argument',
        code: 'bad_hosts_file',
        message: /hosts\.toml/,
      });
    }
  });
});

describe('a mirror', () => {
  useFolder();
  const { bytes, descriptor } = someManifest('a');

  it('is asked first, with its namespace and headers, and passed over when it fails or lacks the image', async () => {
    const statuses = [200, 500, 404];
    await using mirror = await FakeRegistry.start((_request, response) => {
      response.writeHead(statuses.shift() ?? 404).end(bytes);
    });
    await using registry = await FakeRegistry.start((_request, response) => response.end(bytes));
    const toml = `server = "http://${registry.host}"\n[host."http://${mirror.host}".header]\nx-key = "k"`;
    write('reg.example', { 'hosts.toml': toml });
    const client = registry.client({ hostFolders: [folder] });
    const repository = client.repository({ domain: 'reg.example', path: 'app' });
    await repository.manifest(descriptor, never);
    assert.equal(registry.seen.length, 0);
    assert.equal(mirror.seen[0]?.path, `/v2/app/manifests/${descriptor.digest}?ns=reg.example`);
    assert.equal(mirror.seen[0]?.headers['x-key'], 'k');
    await repository.manifest(descriptor, never);
    await repository.manifest(descriptor, never);
    assert.equal(registry.seen.length, 2);
    assert.equal(mirror.seen.length, 3);
    assert.equal(registry.seen[0]?.headers['x-key'], undefined);
  });

  it('with wrong bytes is passed over too', async () => {
    await using mirror = await FakeRegistry.start((_request, response) => response.end(someManifest('b').bytes));
    await using registry = await FakeRegistry.start((_request, response) => response.end(bytes));
    const toml = `server = "http://${registry.host}"\n[host."http://${mirror.host}"]\n`;
    write('reg.example', { 'hosts.toml': toml });
    const client = registry.client({ hostFolders: [folder] });
    const got = await client.repository({ domain: 'reg.example', path: 'app' }).manifest(descriptor, never);
    assert.ok(bytes.equals(got));
  });

  it('that may only be pulled from is not pushed to', async () => {
    const accept =
      (registry: string[]) =>
      (request: { method?: string }, response: { writeHead(status: number): { end(): void } }) => {
        registry.push(request.method ?? '');
        response.writeHead(201).end();
      };
    const [atMirror, atRegistry]: [string[], string[]] = [[], []];
    await using mirror = await FakeRegistry.start(accept(atMirror));
    await using registry = await FakeRegistry.start(accept(atRegistry));
    const host = `[host."http://${mirror.host}"]\ncapabilities = ["pull", "resolve"]`;
    write('reg.example', { 'hosts.toml': `server = "http://${registry.host}"\n${host}` });
    const client = registry.client({ hostFolders: [folder] });
    await client.repository({ domain: 'reg.example', path: 'app' }).pushManifest(descriptor, bytes, { signal: never });
    assert.deepEqual([atMirror, atRegistry], [[], ['PUT']]);
  });
});
