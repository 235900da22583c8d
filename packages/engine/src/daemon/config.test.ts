import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { parseSettings, readConfig } from './config.ts';
import { readCriSettings } from './cri-settings.ts';
import { readNetworkSettings } from './network-settings.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'berth-config-'));
after(() => rmSync(folder, { recursive: true }));

function file(text: string): string {
  const name = path.join(folder, 'berthd.toml');
  writeFileSync(name, text);
  return name;
}

const nothing = { BERTH_CONFIG: '/dev/null' };

test('without any word the defaults hold', () => {
  assert.deepEqual(readConfig([], nothing), {
    root: '/var/lib/berth',
    run: '/run/berth',
    socket: '/run/berth/berth.sock',
    logLevel: 'info',
    snapshotter: 'auto',
    cgroupParent: '/berth',
    log: { maxBytes: 20 * 1024 * 1024, maxFiles: 5 },
    runtimes: {},
    registry: {
      hostFolders: ['/etc/berth/certs.d', '/etc/containerd/certs.d', '/etc/docker/certs.d'],
      credentials: undefined,
    },
    concurrentDownloads: 3,
    serve: undefined,
    network: readNetworkSettings(),
    cri: readCriSettings(),
    collectAlways: false,
    bootIdFile: undefined,
  });
});

test('the example file shows every key with its default', () => {
  const example = path.join(import.meta.dirname, '../../../../berthd.example.toml');
  const shown = readFileSync(example, 'utf8').replaceAll(/^# (?=\w+ = |\[)/gm, '');
  assert.deepEqual(readConfig(['--config', file(shown)], {}), readConfig([], nothing));
  const keys = Object.keys(parseSettings(example, shown)).toSorted();
  assert.deepEqual(keys, [
    'cgroup_parent',
    'container_log',
    'cri',
    'image',
    'log_level',
    'network',
    'registry',
    'root',
    'run',
    'snapshotter',
    'socket',
  ]);
  assert.deepEqual(parseSettings(example, readFileSync(example, 'utf8')), {});
});

test('flags win over the environment, that over the file, that over the defaults', () => {
  const config = file('root = "/file"\nrun = "/file/run"\nlog_level = "error"\ncgroup_parent = "/file"\n');
  const env = { BERTH_CONFIG: config, BERTH_ROOT: '/env', BERTH_LOG_LEVEL: 'warn' };
  const flagged = readConfig(['--root', '/flag', '--log-level=debug'], env);
  assert.deepEqual([flagged.root, flagged.logLevel, flagged.run], ['/flag', 'debug', '/file/run']);
  const environment = readConfig([], env);
  assert.deepEqual([environment.root, environment.logLevel], ['/env', 'warn']);
  const plain = readConfig([], { BERTH_CONFIG: config });
  assert.deepEqual([plain.root, plain.logLevel, plain.cgroupParent], ['/file', 'error', '/file']);
  assert.equal(plain.socket, '/file/run/berth.sock');
  assert.equal(readConfig(['--config', config], nothing).root, '/file');
});

test('engines with other roots have other cgroup parents', () => {
  const parents = ['/var/lib/berth', '/one', '/two'].map((root) => readConfig(['--root', root], nothing).cgroupParent);
  assert.equal(new Set(parents).size, 3);
});

for (const [text, message] of [
  ['root = ', /berthd\.toml is not TOML/],
  ['colour = "blue"', /berthd\.toml: .*colour/],
  ['root = "relative"', /berthd\.toml: root: must be an absolute path/],
  ['log_level = "loud"', /berthd\.toml: log_level/],
  ['[container_log]\nmax_bytes = -1', /berthd\.toml: container_log\.max_bytes/],
  ['[registry]\nhosts = ["certs.d"]', /berthd\.toml: registry\.hosts\.0: must be an absolute path/],
  ['[image]\nconcurrent_downloads = 0', /berthd\.toml: image\.concurrent_downloads/],
  ['[cri]\nsockets = ["cri.sock"]', /berthd\.toml: cri\.sockets\.0: must be an absolute path/],
  ['[cri]\ndefault_runtime = "runc"', /cri\.default_runtime is 'runc', which is not configured/],
  ['[cri]\nstream_idle_timeout = "soon"', /berthd\.toml: cri\.stream_idle_timeout: must be a time/],
  ['[network]\ncni_bin = []', /berthd\.toml: network\.cni_bin/],
  ['[network]\nsubnet = "10.0.0.0/33"', /network\.subnet/],
  ['[container_log]\nmax_files = "5"', /berthd\.toml: container_log\.max_files/],
] as const) {
  test(`the file's fault is named: ${text.replaceAll('\n', ' ')}`, () => {
    assert.throws(() => readConfig(['--config', file(text)], {}), { kind: 'invalid_argument', message });
  });
}

test('bad flags and variables are named', () => {
  assert.throws(() => readConfig(['--colour', 'blue'], nothing), { kind: 'invalid_argument', message: /--colour/ });
  assert.throws(() => readConfig([], { ...nothing, BERTH_LOG_LEVEL: 'loud' }), { message: /'loud'/ });
  assert.throws(() => readConfig(['--run', 'here'], nothing), { message: /run must be an absolute path, not 'here'/ });
  assert.throws(() => readConfig([], { BERTH_CONFIG: '/absent.toml' }), { message: /\/absent\.toml/ });
});

test('[serve] says where and whose, and is refused where it cannot be meant', () => {
  const serve = (text: string) => readConfig(['--config', file(`[serve]\n${text}\n`)], {}).serve;
  assert.deepEqual(serve('listen = "[::1]:5000"'), { listen: { host: '::1', port: 5000 }, namespace: 'default' });
  assert.equal(serve('listen = "127.0.0.1:0"\nnamespace = "k8s.io"')?.namespace, 'k8s.io');
  for (const text of ['', 'listen = "5000"', 'listen = ":1"\ntls_cert = "/x"', 'listen = ":1"\nport = 2']) {
    assert.throws(() => serve(text), { kind: 'invalid_argument' }, text);
  }
});
