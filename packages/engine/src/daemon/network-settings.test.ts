import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseSettings } from './config.ts';
import { readNetworkSettings } from './network-settings.ts';

const read = (text: string) => readNetworkSettings(parseSettings('berthd.toml', `[network]\n${text}`).network);

describe('[network]', () => {
  test('without it pods go by CNI, where Kubernetes and Debian have it', () => {
    const { builtin, confFolder, binFolders, subnet } = readNetworkSettings();
    assert.deepEqual(
      { builtin, confFolder, binFolders, subnet },
      {
        builtin: false,
        confFolder: '/etc/cni/net.d',
        binFolders: ['/opt/cni/bin', '/usr/lib/cni'],
        subnet: '10.88.0.0/16',
      },
    );
  });

  test('ranges are kept as their first address says', () => {
    assert.equal(read('subnet = "10.5.1.9/16, fd05::1/64"').subnet, '10.5.0.0/16,fd05::/64');
  });

  for (const bad of [
    'subnet = "10.5.0.0"',
    'subnet = "10.5.0.0/16,10.6.0.0/16"',
    'bridge = "a-name-that-is-too-long"',
    'bridge = "a/b"',
    'cni_bin = []',
    'cni_conf = "net.d"',
    'bulitin = true',
  ]) {
    test(`${bad} is refused, and the key is named`, () => {
      assert.throws(() => read(bad), {
        kind: 'invalid_argument',
        message: new RegExp(`network.*${bad.split(' ')[0]}`),
      });
    });
  }
});
