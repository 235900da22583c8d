import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressesOf } from './addresses.ts';
import { readAnswer } from './plugin-answer.ts';

const end = (code: number, stdout: string, stderr = '') => ({ code, stdout, stderr });

describe('answers of plugins', () => {
  test('an error has the words of the plugin, and 11 means: later', () => {
    const said = JSON.stringify({ cniVersion: '1.0.0', code: 11, msg: 'no lease', details: 'dhcp is busy' });
    assert.throws(() => readAnswer('dhcp', 'ADD', end(1, said)), {
      kind: 'unavailable',
      code: 'network_plugin_failed',
      message: 'network plugin dhcp (ADD): no lease; dhcp is busy',
    });
    assert.throws(() => readAnswer('x', 'ADD', end(1, '{"code":7,"msg":"bad"}')), { kind: 'internal' });
  });

  test('one that dies without a word is told by how it ended', () => {
    assert.throws(() => readAnswer('x', 'DEL', end(139, '')), /network plugin x \(DEL\): ended with 139$/);
    assert.throws(() => readAnswer('x', 'DEL', end(2, '', 'panic: nil')), /ended with 2: panic: nil$/);
  });

  test('ADD has to give a result that is JSON; the others need not say a thing', () => {
    assert.throws(() => readAnswer('x', 'ADD', end(0, 'hello')), { code: 'network_plugin_failed' });
    assert.equal(readAnswer('x', 'DEL', end(0, 'hello')), undefined);
    assert.equal(readAnswer('x', 'CHECK', end(0, '')), undefined);
  });

  test("addresses are those of the pod's interface, or of none", () => {
    const interfaces = [{ name: 'br0' }, { name: 'eth0', sandbox: '/n' }];
    const ips = [
      { address: '10.0.0.1/24', interface: 0 },
      { address: '10.0.0.2/24', interface: 1 },
      { address: 'fd00::2/64' },
    ];
    assert.deepEqual(addressesOf({ interfaces, ips }, 'eth0'), ['10.0.0.2', 'fd00::2']);
  });

  test('results of before 0.3.0 have one address of each family', () => {
    assert.deepEqual(addressesOf({ ip4: { ip: '10.0.0.2/24' }, ip6: { ip: 'fd00::2/64' } }, 'eth0'), [
      '10.0.0.2',
      'fd00::2',
    ]);
    assert.deepEqual(addressesOf({ ips: [null, 'x', { address: 7 }] }, 'eth0'), []);
  });
});
