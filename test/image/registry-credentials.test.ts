import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { credentialChain } from '@berth/image/registry/credentials/chain';
import { eraseCredentials, storeCredentials } from '@berth/image/registry/credentials/store';

const home = mkdtempSync('/tmp/bt-helper-');
after(() => rmSync(home, { recursive: true }));

const env = { HOME: home, XDG_RUNTIME_DIR: home, PATH: `${home}:${process.env['PATH'] ?? ''}` };
const options = { env };

/** Keeps each secret in a file, and says what docker's helpers say. */
const program = `#!/bin/sh
cd ${home}/kept || exit 1
file() { printf %s "$1" | tr -c 'A-Za-z0-9\\n' _; }
case $1 in
store) body=$(cat); url=$(printf %s "$body" | sed 's/.*"ServerURL":"\\([^"]*\\)".*/\\1/'); printf %s "$body" > "$(file "$url")" ;;
get) url=$(cat); cat "$(file "$url")" 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;
erase) url=$(cat); rm "$(file "$url")" 2>/dev/null || { echo 'credentials not found in native keychain'; exit 1; } ;;
esac
`;

function configure(config: object, script = program): void {
  mkdirSync(path.join(home, '.docker'), { recursive: true });
  mkdirSync(path.join(home, 'kept'), { recursive: true });
  writeFileSync(path.join(home, '.docker/config.json'), JSON.stringify(config));
  writeFileSync(path.join(home, 'docker-credential-test'), script);
  chmodSync(path.join(home, 'docker-credential-test'), 0o755);
}

describe('a credential helper', () => {
  it('keeps, gives and forgets what the file then never has', async () => {
    configure({ credsStore: 'test' });
    const credentials = { username: 'user', password: 'secret' };
    for (const host of ['a.example', 'docker.io']) {
      assert.equal(await storeCredentials(host, credentials, options), 'credential helper test');
      assert.deepEqual(await credentialChain(options)(host), credentials);
    }
    assert.ok(readdirSync(path.join(home, 'kept')).includes('https___index_docker_io_v1_'));
    assert.ok(!readFileSync(path.join(home, '.docker/config.json'), 'utf8').includes('secret'));
    assert.equal(await eraseCredentials('a.example', options), true);
    assert.equal(await credentialChain(options)('a.example'), undefined);
    assert.equal(await eraseCredentials('a.example', options), false);
  });

  it('may be for one host, and may have an identity token', async () => {
    configure({ credHelpers: { 'b.example': 'test' }, auths: { 'c.example': { username: 'c', password: 'x' } } });
    await storeCredentials('b.example', { identityToken: 'idt' }, options);
    assert.deepEqual(await credentialChain(options)('b.example'), { identityToken: 'idt' });
    assert.deepEqual(await credentialChain(options)('c.example'), { username: 'c', password: 'x' });
    assert.equal(await credentialChain(options)('d.example'), undefined);
  });

  it('that is missing, fails or babbles is named, without what it said of a secret', async () => {
    configure({ credsStore: 'absent-for-sure' });
    await assert.rejects(credentialChain(options)('a.example'), {
      code: 'no_credential_helper',
      message: /docker-credential-absent/,
    });
    configure({ credsStore: 'test' }, '#!/bin/sh\necho "the key ring is locked"; exit 2\n');
    await assert.rejects(credentialChain(options)('a.example'), {
      code: 'credential_helper_failed',
      message: /locked/,
    });
    for (const code of [0, 1]) {
      configure({ credsStore: 'test' }, `#!/bin/sh\necho '{"Secret":"hush"'\nexit ${code}\n`);
      await assert.rejects(credentialChain(options)('a.example'), (error: Error & { code: string }) => {
        assert.equal(error.code, 'credential_helper_failed');
        assert.ok(!String(error.stack).includes('hush'));
        return true;
      });
    }
    configure({ credsStore: '../evil' });
    await assert.rejects(credentialChain(options)('a.example'), { code: 'credential_helper_failed' });
  });
});
