import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { berth } from './berth.ts';
import { containerDaemon } from './daemon.ts';

const digest = `sha256:${'a'.repeat(64)}`;

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'berth-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A user without credentials. */
const nobody = { HOME: '/nonexistent', XDG_RUNTIME_DIR: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent' };

function pulling(isNew: boolean) {
  const pulled = { pulled: { images: [{ name: 'app:latest', id: digest, isNew }] } };
  const lines = [{ id: 'abc', status: 'downloading', current: 0, total: 9 }, { id: 'abc', status: 'done' }, pulled];
  return { answers: { 'POST /images/pull': { lines } } };
}

test('a pull ends with docker’s lines, its progress is on standard error', async (t) => {
  const { socket } = await containerDaemon(t, pulling(true));
  const ended = await berth(socket, ['pull', 'app'], { env: nobody });
  assert.deepEqual(ended, {
    code: 0,
    signal: null,
    out: `Using default tag: latest\nDigest: ${digest}\nStatus: Downloaded newer image for app:latest\ndocker.io/library/app:latest\n`,
    err: 'abc: downloading\nabc: done\n',
  });
});

test('a pull of what is there says so, and with -q only the full name is printed', async (t) => {
  const { socket } = await containerDaemon(t, pulling(false));
  const ended = await berth(socket, ['pull', 'app:latest'], { env: nobody });
  assert.match(ended.out, /^Digest: .*\nStatus: Image is up to date for app:latest\n/);
  const quiet = await berth(socket, ['pull', '-q', 'app'], { env: nobody });
  assert.deepEqual(quiet, { code: 0, signal: null, out: 'docker.io/library/app:latest\n', err: '' });
});

test('with --progress json every event is a line of standard output, the result the last', async (t) => {
  const { socket } = await containerDaemon(t, pulling(true));
  const { out, err } = await berth(socket, ['pull', '--progress', 'json', 'app'], { env: nobody });
  assert.equal(err, '');
  const lines = out.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => Object.keys(JSON.parse(line) as object)[0]),
    ['id', 'id', 'pulled'],
  );
});

test('a pull sends what the user keeps for the registry, or what was given for this call', async (t) => {
  const { socket, requests } = await containerDaemon(t, pulling(true));
  const DOCKER_CONFIG = folderOf(t);
  const auth = Buffer.from('u:kept').toString('base64');
  writeFileSync(path.join(DOCKER_CONFIG, 'config.json'), JSON.stringify({ auths: { 'r.example': { auth } } }));
  const env = { ...nobody, DOCKER_CONFIG };
  await berth(socket, ['pull', '-q', 'r.example/app'], { env });
  await berth(socket, ['pull', '-q', 'app'], { env });
  await berth(socket, ['pull', '-q', '--creds', 'v:given', 'r.example/app'], { env });
  const piped = ['pull', '-q', '--creds', 'w', '--password-stdin', '--platform', 'linux/arm64', 'r.example/app'];
  await berth(socket, piped, { env, input: 'piped\n' });
  assert.deepEqual(
    requests.map(({ body }) => JSON.parse(body) as unknown),
    [
      { ref: 'r.example/app', auth: { username: 'u', password: 'kept' } },
      { ref: 'app' },
      { ref: 'r.example/app', auth: { username: 'v', password: 'given' } },
      { ref: 'r.example/app', platforms: ['linux/arm64'], auth: { username: 'w', password: 'piped' } },
    ],
  );
});

test('a password is never asked for where nobody can type it', async (t) => {
  const { socket, calls } = await containerDaemon(t, pulling(true));
  const { code, err } = await berth(socket, ['pull', '--creds', 'u', 'r.example/app'], { env: nobody });
  assert.equal(code, 1);
  assert.match(err, /the input is not a terminal\nhint: .*--password-stdin/);
  assert.deepEqual(calls, []);
});

test('a broken credential helper is told, and the pull goes on without it', async (t) => {
  const { socket, calls } = await containerDaemon(t, pulling(true));
  const DOCKER_CONFIG = folderOf(t);
  writeFileSync(path.join(DOCKER_CONFIG, 'config.json'), JSON.stringify({ credsStore: 'is-not-there' }));
  const { code, err } = await berth(socket, ['pull', '-q', 'app'], { env: { ...nobody, DOCKER_CONFIG } });
  assert.equal(code, 0);
  assert.match(err, /^warning: going on without credentials for docker.io: .*docker-credential-is-not-there/);
  assert.deepEqual(calls, ['POST /images/pull']);
});

test('a failed pull ends with 1 and the daemon’s words', async (t) => {
  const error = { kind: 'not_found', code: 'no_such_manifest', message: 'none there', hint: 'look again' };
  const lines = [{ id: 'abc', status: 'downloading' }, { error }];
  const { socket } = await containerDaemon(t, { answers: { 'POST /images/pull': { lines } } });
  const { code, err } = await berth(socket, ['pull', 'app:1'], { env: nobody });
  assert.equal(code, 1);
  assert.equal(err, 'abc: downloading\nberth: none there\nhint: look again\n');
});

test('a push says where it goes and what went there', async (t) => {
  const pushed = { pushed: { images: [{ name: 'r.example/app:2', id: digest }] } };
  const { socket } = await containerDaemon(t, { answers: { 'POST /images/push': { lines: [pushed] } } });
  const { code, out } = await berth(socket, ['push', 'r.example/app:2'], { env: nobody });
  assert.equal(code, 0);
  assert.equal(out, `The push refers to repository [r.example/app]\n2: digest: ${digest}\n`);
});

test('save writes a file that is there only when it is whole', async (t) => {
  const folder = folderOf(t);
  const file = path.join(folder, 'x.tar');
  const { socket } = await containerDaemon(t, { answers: { 'GET /images/save?ref=a&ref=b': { bytes: 'the tar' } } });
  assert.equal((await berth(socket, ['save', '-o', file, 'a', 'b'])).code, 0);
  assert.equal(readFileSync(file, 'utf8'), 'the tar');
  assert.deepEqual(await berth(socket, ['save', 'a', 'b']), { code: 0, signal: null, out: 'the tar', err: '' });
  const absent = { error: { kind: 'not_found', code: 'no_such_image', message: 'no such image: c' } };
  const other = await containerDaemon(t, { answers: { 'GET /images/save?ref=c': absent } });
  const failed = await berth(other.socket, ['save', '-o', `${file}.2`, 'c']);
  assert.deepEqual(failed, { code: 1, signal: null, out: '', err: 'berth: no such image: c\n' });
  assert.deepEqual(readdirSync(folder), ['x.tar']);
  const nowhere = await berth(socket, ['save', '-o', '/nonexistent/x', 'a', 'b']);
  assert.match(nowhere.err, /^berth: cannot write \/nonexistent\/x: ENOENT/);
  assert.equal((await berth(socket, ['save', '-o', '/dev/null', 'a', 'b'])).code, 0);
  assert.ok(existsSync('/dev/null'));
});

test('history has docker’s table', async (t) => {
  const step = { createdAt: '2020-01-01T00:00:00.000Z', comment: '', size: 0, names: [] };
  const steps = [
    { ...step, createdBy: `CMD ${'x'.repeat(60)}`, id: digest },
    { ...step, createdBy: 'COPY\ta', size: 1234, comment: 'c' },
  ];
  const { socket } = await containerDaemon(t, { answers: { 'GET /images/history?ref=i': steps } });
  const { out } = await berth(socket, ['history', 'i']);
  const lines = out.split('\n');
  assert.match(lines[0] ?? '', /^IMAGE {10}CREATED {7}CREATED BY {38}SIZE {6}COMMENT$/);
  assert.match(lines[1] ?? '', /^a{12} {3}\d+ years ago {3}CMD x{40}… {3}0B {8}$/);
  assert.match(lines[2] ?? '', /^<missing> {6}\d+ years ago {3}COPY a {42}1\.23kB {4}c$/);
  assert.equal((await berth(socket, ['history', '-q', '--no-trunc', 'i'])).out, `${digest}\n<missing>\n`);
  const plain = await berth(socket, ['history', '-H=false', '--format', '{{.CreatedSince}} {{.Size}}', 'i']);
  assert.equal(plain.out, '2020-01-01T00:00:00.000Z 0\n2020-01-01T00:00:00.000Z 1234\n');
});

test('image prune asks first, and says what went', async (t) => {
  const pruned = { untagged: ['a:1'], deleted: [digest], freed: 12_300 };
  const { socket, requests } = await containerDaemon(t, { answers: { 'POST /images/prune': pruned } });
  const refused = await berth(socket, ['image', 'prune'], 'n\n');
  assert.equal(refused.code, 1);
  assert.match(refused.err, /remove all dangling images\.\nAre you sure.*image prune has been cancelled/);
  assert.equal(requests.length, 0);
  const done = await berth(socket, ['image', 'prune', '-a', '--filter', 'label=x'], 'y\n');
  assert.equal(done.out, `Deleted Images:\nuntagged: a:1\ndeleted: ${digest}\n\nTotal reclaimed space: 12.3kB\n`);
  assert.deepEqual(JSON.parse(requests[0]?.body ?? ''), { all: true, labels: ['x'] });
  assert.equal((await berth(socket, ['image', 'prune', '-f'])).code, 0);
});

test('gc says what it freed, and who holds a blob by which way', async (t) => {
  const holder = { kind: 'image', name: 'docker.io/library/a:1', path: ['sha256:index', digest] };
  const holders = [
    { ...holder, namespace: 'default' },
    { ...holder, namespace: 'moby' },
    { kind: 'lease', name: 'l', path: [digest], namespace: 'default' },
  ];
  const { socket } = await containerDaemon(t, {
    answers: {
      'POST /gc': { blobs: [digest], snapshots: ['k'], freed: 5000 },
      'GET /gc/explain?ref=a': [{ digest, holders }],
      'GET /gc/explain?ref=b': [{ digest, holders: [] }],
    },
  });
  assert.equal((await berth(socket, ['gc'])).out, `deleted: ${digest}\ndeleted layer: k\nTotal reclaimed space: 5kB\n`);
  assert.equal(
    (await berth(socket, ['gc', '--explain', 'a'])).out,
    `${digest}\n  image docker.io/library/a:1 in default, moby\n    through sha256:index\n  lease l in default\n`,
  );
  assert.match((await berth(socket, ['gc', '--explain', 'b'])).out, /held by nothing: the next collection takes it/);
});

test('system df has docker’s table, and its parts add up', async (t) => {
  const use = {
    total: 1_000_000,
    content: { bytes: 500_000, blobs: 3, reclaimable: 0 },
    ingests: { bytes: 100_000, count: 1 },
    layers: { bytes: 300_000, snapshots: 2, reclaimable: 0 },
    containers: { bytes: 50_000, count: 0 },
    other: { bytes: 50_000 },
    images: [{ id: digest, names: ['a:1'], unique: 200_000, shared: 600_000, reclaimable: 200_000, containers: 0 }],
  };
  const { socket } = await containerDaemon(t, {
    answers: {
      'GET /system/df': use,
      'GET /containers?all=1': [],
      'GET /images': [{ id: digest, createdAt: '2020-01-01T00:00:00Z' }],
    },
  });
  const { out } = await berth(socket, ['system', 'df']);
  assert.match(out, /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\nImages +1 +0 +800kB +200kB \(25%\)\n/);
  assert.match(out, /\nAll +1MB +\n$/);
  const verbose = await berth(socket, ['system', 'df', '-v']);
  assert.match(verbose.out, /\na +1 +a{12} +\d+ years ago +800kB +600kB +200kB +0\n/);
  const json = await berth(socket, ['system', 'df', '--format', '{{.Type}}={{.Size}}']);
  assert.equal(json.out, 'Images=800kB\nContainers=50kB\nBroken transfers=100kB\nRecords=50kB\nAll=1MB\n');
});

test('the namespace goes with every request, by flag or environment', async (t) => {
  const { socket, requests } = await containerDaemon(t, { answers: { 'GET /containers': [] } });
  await berth(socket, ['ps']);
  await berth(socket, ['-n', 'k8s.io', 'ps']);
  await berth(socket, ['ps'], { env: { BERTH_NAMESPACE: 'moby' } });
  await berth(socket, ['--namespace', 'a', 'ps'], { env: { BERTH_NAMESPACE: 'moby' } });
  assert.deepEqual(
    requests.map(({ namespace }) => namespace),
    [undefined, 'k8s.io', 'moby', 'a'],
  );
  const bad = await berth(socket, ['-n', 'a\r\nx: y', 'ps']);
  assert.equal(bad.code, 1);
  assert.match(bad.err, /is no namespace/);
});
