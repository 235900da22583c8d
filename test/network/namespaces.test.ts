import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { NetworkNamespaces } from '../../packages/engine/src/service/network/contract.ts';
import { networkNamespaces } from '../../packages/engine/src/service/network/namespaces.ts';
import { ip } from '../harness/own-network.ts';
import { whyNoNetwork } from './network-place.ts';

describe('network namespaces as files', { skip: whyNoNetwork }, () => {
  let home = '';
  let namespaces: NetworkNamespaces;
  beforeEach(() => {
    home = mkdtempSync('/tmp/bt-netns-');
    namespaces = networkNamespaces(path.join(home, 'netns'));
  });
  afterEach(() => {
    for (const file of namespaces.list()) namespaces.remove(file);
    rmSync(home, { recursive: true });
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(home), 'a mount is left');
  });

  const addressesIn = (file: string) => {
    const { stdout } = spawnSync('nsenter', [`--net=${file}`, 'ip', '-o', 'addr'], { encoding: 'utf8' });
    return stdout;
  };

  test('a new one has lo up and nothing else, and this process is where it was', () => {
    const before = ip('link');
    const file = namespaces.create('a');
    assert.ok(namespaces.exists(file));
    assert.deepEqual(namespaces.list(), [file]);
    assert.match(addressesIn(file), /127\.0\.0\.1\/8/);
    assert.doesNotMatch(addressesIn(file), /eth0/);
    assert.equal(ip('link'), before);
    namespaces.remove(file);
    assert.ok(!existsSync(file) && !namespaces.exists(file));
    namespaces.remove(file);
  });

  test('one of a process in a user namespace is kept when the process has ended, with lo up', async () => {
    const child = spawn('unshare', ['--user', '--map-root-user', '--net', 'sh', '-c', 'echo ready; cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    const file = namespaces.keep('b', child.pid!);
    child.stdin.end();
    await once(child, 'exit');
    assert.ok(namespaces.exists(file));
    assert.match(addressesIn(file), /127\.0\.0\.1\/8/);
  });

  test('a name that is there is refused, and what is there stays', () => {
    const file = namespaces.create('a');
    assert.throws(() => namespaces.create('a'), { kind: 'already_exists', code: 'netns_exists' });
    assert.ok(namespaces.exists(file));
  });

  test('a process that is gone leaves no file', () => {
    assert.throws(() => namespaces.keep('c', 4_194_000), { code: 'netns_failed' });
    assert.deepEqual(namespaces.list(), []);
  });

  test('what a reboot or a crash leaves of one is none, and can be removed', () => {
    const file = path.join(home, 'netns', 'old');
    writeFileSync(file, '');
    assert.ok(!namespaces.exists(file));
    assert.ok(!namespaces.exists('/proc/self/ns/uts'));
    assert.ok(!namespaces.exists(home));
    assert.deepEqual(namespaces.list(), [file]);
    namespaces.remove(file);
    assert.deepEqual(namespaces.list(), []);
  });
});
