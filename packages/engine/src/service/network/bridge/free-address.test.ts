import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { parseRange, parseRanges } from '@berth/model/address-range';
import { freeAddress, gatewayOf } from './free-address.ts';
import { Leases } from './leases.ts';
import { macOf, macText } from './mac.ts';

const take = (range: string, taken: readonly string[] = [], last?: bigint) =>
  freeAddress(parseRange(range), { taken: new Set(taken), last }).address;

describe('addresses of the bridge', () => {
  test("the network, the gateway and the broadcast address are nobody's", () => {
    assert.equal(gatewayOf(parseRange('10.1.2.0/30')), '10.1.2.1');
    assert.equal(take('10.1.2.0/30'), '10.1.2.2');
    assert.throws(() => take('10.1.2.0/30', ['10.1.2.2']), { kind: 'resource_exhausted', code: 'no_free_address' });
    assert.throws(() => take('10.1.2.0/31'), { code: 'no_free_address' });
    assert.throws(() => take('10.1.2.3/32'), { code: 'no_free_address' });
  });

  test('the next one is behind the last, and the first again behind the end', () => {
    const { base } = parseRange('10.1.2.0/29');
    assert.equal(take('10.1.2.0/29', ['10.1.2.4'], base + 3n), '10.1.2.5');
    assert.equal(take('10.1.2.0/29', ['10.1.2.2'], base + 6n), '10.1.2.3');
    assert.equal(take('fd00::/64', ['fd00::2']), 'fd00::3');
  });

  test('the last free one is found, wherever the search begins', () => {
    const all = Array.from({ length: 253 }, (_, index) => `10.1.2.${index + 2}`);
    for (const free of ['10.1.2.2', '10.1.2.100', '10.1.2.254']) {
      const taken = all.filter((one) => one !== free);
      for (const last of [undefined, 1n, 99n, 254n]) {
        assert.equal(
          take('10.1.2.0/24', taken, last === undefined ? last : parseRange('10.1.2.0/24').base + last),
          free,
        );
      }
    }
  });

  test('hardware addresses go with addresses', () => {
    assert.equal(macText(macOf('10.88.0.2')), '0a:58:0a:58:00:02');
    assert.equal(macOf('fd00::2').length, 6);
    assert.notDeepEqual(macOf('fd00::2'), macOf('fd00::3'));
  });

  test('leases outlive the daemon; one that was cut off is none', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'berth-leases-'));
    try {
      const ranges = parseRanges('10.1.0.0/24,fd01::/64');
      const ports = [{ protocol: 'tcp', containerPort: 80, hostPort: 8080, hostIp: '' }] as const;
      const first = new Leases(folder);
      const lease = first.take({ podId: 'a', device: 'vetha', ports }, ranges);
      assert.deepEqual(
        lease.addresses.map(({ address }) => address),
        ['10.1.0.2', 'fd01::2'],
      );
      writeFileSync(path.join(folder, 'b.json'), '{"podId"');
      const again = new Leases(folder);
      assert.deepEqual(again.list(), [lease]);
      again.release('a');
      assert.deepEqual(new Leases(folder).of('a')?.ports, []);
      assert.equal(again.take({ podId: 'c', device: 'vethc', ports: [] }, ranges).addresses[0]?.address, '10.1.0.3');
      again.give('a');
      assert.deepEqual(
        new Leases(folder).list().map(({ podId }) => podId),
        ['c'],
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
