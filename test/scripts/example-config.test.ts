import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { criSchema, readCriSettings } from '../../packages/engine/src/daemon/cri-settings.ts';
import { networkSchema, readNetworkSettings } from '../../packages/engine/src/daemon/network-settings.ts';
import { parseSettings, readConfig } from '../../packages/engine/src/daemon/config.ts';

const file = path.join(import.meta.dirname, '../../berthd.example.toml');
const example = readFileSync(file, 'utf8');

test('the example configuration shows every key with its default', () => {
  const text = example.replaceAll(/^# (?=\w+ = |\[)/gm, '');
  const {
    container_log: log,
    cgroup_parent: cgroupParent,
    log_level: logLevel,
    registry,
    image,
    cri,
    network,
    ...same
  } = parseSettings(file, text);
  // No runtime and no listener is a default; what one looks like is indented.
  const shown = {
    runtimes: {},
    serve: undefined,
    ...same,
    cgroupParent,
    logLevel,
    log: { maxBytes: log?.max_bytes, maxFiles: log?.max_files },
    // A file of credentials is no default; where it goes is indented.
    registry: { hostFolders: registry?.hosts, credentials: undefined },
    concurrentDownloads: image?.concurrent_downloads,
    cri: readCriSettings(cri),
    network: readNetworkSettings(network),
  };
  const { collectAlways: _, bootIdFile: __, ...defaults } = readConfig([], { BERTH_CONFIG: '/dev/null' });
  assert.deepEqual(shown, defaults);
});

test('every key of the tables for pods is shown', () => {
  const { cri, network } = parseSettings(file, example.replaceAll(/^# (?: {2})?(?=\w+ = |\[)/gm, ''));
  assert.deepEqual(Object.keys(cri ?? {}).toSorted(), Object.keys(criSchema.entries).toSorted());
  assert.deepEqual(Object.keys(network ?? {}).toSorted(), Object.keys(networkSchema.entries).toSorted());
});

test('the examples of what has no default are read', () => {
  const { runtimes, serve, registry, network } = parseSettings(
    file,
    example.replaceAll(/^# (?: {2})?(?=\w+ = |\[)/gm, ''),
  );
  assert.deepEqual(runtimes, { runc: { binary: '/usr/bin/runc', root: '/run/berth/runtimes/runc' } });
  assert.equal(registry?.credentials, '/root/.docker/config.json');
  assert.equal(network?.cni_cache, '/var/lib/berth/network/cni');
  assert.equal(network.cni_template, '/etc/berth/pods.conflist.template');
  assert.deepEqual(serve, {
    listen: '127.0.0.1:5000',
    namespace: 'default',
    tls_cert: '/etc/berth/tls/cert.pem',
    tls_key: '/etc/berth/tls/key.pem',
  });
});
