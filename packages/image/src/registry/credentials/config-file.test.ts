import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { credentialChain } from './chain.ts';
import { eraseCredentials, storeCredentials } from './store.ts';

let home: string;
/** Hooks of a file alone would run for every test of the process. */
function useFolder(): void {
  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'berth-home-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));
}

const env = (): NodeJS.ProcessEnv => ({ HOME: home, XDG_RUNTIME_DIR: path.join(home, 'run') });
const dockerFile = (): string => path.join(home, '.docker/config.json');

function write(file: string, document: unknown): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, typeof document === 'string' ? document : JSON.stringify(document));
}

describe('the chain of credentials', () => {
  useFolder();
  it('reads what docker and podman write', async () => {
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    write(dockerFile(), {
      auths: {
        'https://index.docker.io/v1/': { auth: base64('hub:pass:word') },
        'a.example': { auth: base64('me:'), identitytoken: 'idt' },
        'https://b.example/v1/': { username: 'b', password: 'pw' },
        'c.example': { registrytoken: 'rt' },
        'd.example/repo': { auth: base64('d:pw') },
        'e.example': {},
      },
    });
    write(path.join(home, 'run/containers/auth.json'), {
      auths: { 'f.example': { auth: base64('f:pw\0\0') }, 'b.example': { auth: base64('second:x') } },
    });
    const chain = credentialChain({ env: env() });
    for (const name of ['docker.io', 'index.docker.io', 'registry-1.docker.io'])
      assert.deepEqual(await chain(name), { username: 'hub', password: 'pass:word' });
    assert.deepEqual(await chain('a.example'), { identityToken: 'idt', username: 'me' });
    assert.deepEqual(await chain('b.example'), { username: 'b', password: 'pw' });
    assert.deepEqual(await chain('c.example'), { registryToken: 'rt' });
    assert.deepEqual(await chain('f.example'), { username: 'f', password: 'pw' });
    for (const host of ['d.example', 'e.example', 'g.example']) assert.equal(await chain(host), undefined);
  });

  it('is shut out by REGISTRY_AUTH_FILE, and moved by DOCKER_CONFIG', async () => {
    const auths = (username: string): object => ({ auths: { 'a.example': { username, password: 'x' } } });
    write(dockerFile(), auths('docker'));
    write(path.join(home, 'only.json'), auths('only'));
    write(path.join(home, 'moved/config.json'), auths('moved'));
    const found = async (more: NodeJS.ProcessEnv): Promise<unknown> =>
      await credentialChain({ env: { ...env(), ...more } })('a.example');
    assert.deepEqual(await found({}), { username: 'docker', password: 'x' });
    assert.deepEqual(await found({ DOCKER_CONFIG: path.join(home, 'moved') }), { username: 'moved', password: 'x' });
    assert.deepEqual(await found({ REGISTRY_AUTH_FILE: path.join(home, 'only.json') }), {
      username: 'only',
      password: 'x',
    });
    assert.equal(await found({ REGISTRY_AUTH_FILE: path.join(home, 'none.json') }), undefined);
  });

  it('names a broken file, and nothing that is in it', async () => {
    for (const text of ['{"auths": {"a": "c2VjcmV0"', '[]', '"c2VjcmV0"']) {
      write(dockerFile(), text);
      await assert.rejects(credentialChain({ env: env() })('a.example'), (error: Error & { code: string }) => {
        assert.equal(error.code, 'bad_json');
        assert.ok(error.message.includes(dockerFile()) && !error.message.includes('c2VjcmV0'));
        return true;
      });
    }
  });
});

describe('what a login keeps', () => {
  useFolder();
  it('is read again, by its owner only, and leaves the rest of the file', async () => {
    write(dockerFile(), { auths: { 'b.example': { auth: 'eDp5' } }, detachKeys: 'ctrl-q' });
    const credentials = { username: 'user', password: 'pass' };
    for (const host of ['a.example', 'docker.io']) {
      assert.equal(await storeCredentials(host, credentials, { env: env() }), dockerFile());
      assert.deepEqual(await credentialChain({ env: env() })(host), credentials);
    }
    assert.equal(statSync(dockerFile()).mode & 0o777, 0o600);
    const { auths, detachKeys } = JSON.parse(readFileSync(dockerFile(), 'utf8')) as Record<string, object>;
    assert.equal(detachKeys, 'ctrl-q');
    assert.deepEqual(Object.keys(auths!), ['b.example', 'a.example', 'https://index.docker.io/v1/']);
    assert.equal(await eraseCredentials('index.docker.io', { env: env() }), true);
    assert.equal(await eraseCredentials('docker.io', { env: env() }), false);
    assert.equal(await credentialChain({ env: env() })('docker.io'), undefined);
  });

  it('makes the folder and the file, and goes through a symbolic link', async () => {
    const token = { identityToken: 'idt', username: 'me' };
    await storeCredentials('a.example', token, { env: env() });
    assert.deepEqual(await credentialChain({ env: env() })('a.example'), token);
    const linked = path.join(home, 'linked.json');
    symlinkSync(dockerFile(), linked);
    const through = { env: { ...env(), REGISTRY_AUTH_FILE: linked } };
    await storeCredentials('b.example', { username: 'b', password: '' }, through);
    assert.deepEqual(await credentialChain({ env: env() })('b.example'), { username: 'b', password: '' });
  });
});
