import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PortMapping } from '@berth/model/pod-config';
import type { HostRules } from './host-rules.ts';
import { iptablesRemoval, iptablesScript } from './iptables-rules.ts';
import type { Lease } from './leases.ts';
import { nftScript } from './nft-rules.ts';
import { checkPorts, rulesOf } from './port-rules.ts';
import { RuleKeeper } from './rule-keeper.ts';

const port = (hostPort: number, more: Partial<PortMapping> = {}): PortMapping => ({
  protocol: 'tcp',
  containerPort: 80,
  hostPort,
  hostIp: '',
  ...more,
});
const lease = (podId: string, ports: readonly PortMapping[]): Lease => ({
  podId,
  device: `veth${podId}`,
  addresses: [
    { address: '10.1.0.2', range: '10.1.0.0/24' },
    { address: 'fd01::2', range: 'fd01::/64' },
  ],
  ports,
});

describe('rules of the host', () => {
  test('each family has its own ports: an address of the host belongs to one, none to both', () => {
    const ports = [
      port(1),
      port(2, { hostIp: '192.0.2.1' }),
      port(3, { hostIp: '::' }),
      port(4, { hostIp: '0.0.0.0' }),
    ];
    const [four, six] = rulesOf('b0', [lease('a', ports)], ['10.1.0.0/24', '10.2.0.0/24']);
    assert.deepEqual(four?.ranges, ['10.1.0.0/24', '10.2.0.0/24']);
    assert.deepEqual(
      four?.ports.map(({ hostPort, hostIp }) => [hostPort, hostIp]),
      [
        [1, ''],
        [2, '192.0.2.1'],
        [4, ''],
      ],
    );
    assert.deepEqual(
      six?.ports.map(({ hostPort, address }) => [hostPort, address]),
      [
        [1, 'fd01::2'],
        [3, 'fd01::2'],
      ],
    );
  });

  test("a port is one pod's", () => {
    const there = [lease('a', [port(80), port(81, { hostIp: '192.0.2.1' })])];
    const refused = { kind: 'failed_precondition', code: 'port_in_use' };
    assert.throws(() => checkPorts('b', [port(80, { hostIp: '192.0.2.1' })], there), refused);
    assert.throws(() => checkPorts('b', [port(81)], there), refused);
    checkPorts('b', [port(80, { protocol: 'udp' }), port(81, { hostIp: '192.0.2.2' })], there);
    checkPorts('a', [port(80)], there);
  });

  for (const bad of [port(70_000), port(80, { containerPort: 0 }), port(1.5), port(80, { hostIp: '1.2.3' })]) {
    test(`the mapping ${JSON.stringify(bad)} is refused`, () => {
      assert.throws(() => checkPorts('a', [bad], []), { kind: 'invalid_argument', code: 'bad_port_mapping' });
    });
  }

  const rules: HostRules = {
    family: 4,
    bridge: 'b0',
    ranges: ['10.1.0.0/24'],
    ports: [
      { protocol: 'tcp', hostIp: '', hostPort: 8080, address: '10.1.0.2', containerPort: 80 },
      { protocol: 'tcp', hostIp: '192.0.2.1', hostPort: 8080, address: '10.1.0.3', containerPort: 81 },
    ],
  };

  test('for nft they are a table that takes the place of the one before', () => {
    const script = nftScript(rules);
    assert.match(script, /^table ip berth_b0 \{\}\ndelete table ip berth_b0\ntable ip berth_b0 \{/);
    const exact = script.indexOf('ip daddr 192.0.2.1 tcp dport 8080 dnat to 10.1.0.3:81');
    assert.ok(exact > 0 && exact < script.indexOf(' tcp dport 8080 dnat to 10.1.0.2:80'));
    assert.match(
      nftScript({ ...rules, family: 6, ranges: ['fd01::/64'], ports: [{ ...rules.ports[0]!, address: 'fd01::2' }] }),
      /dnat to \[fd01::2\]:80/,
    );
    assert.match(nftScript({ ...rules, bridge: 'b-0' }), /table ip berth_b_2d0 /);
  });

  test('for iptables they are chains of our own; jumps that are there are not made again', () => {
    const first = iptablesScript(rules, '');
    assert.match(first, /-I PREROUTING 1 -m addrtype --dst-type LOCAL -j BERTH-PORT-b0/);
    assert.match(
      first,
      /-A BERTH-PORT-b0 -d 192\.0\.2\.1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10\.1\.0\.3:81/,
    );
    const saved = [
      '*filter',
      ':BERTH-FWD-b0 - [0:0]',
      '-A FORWARD -j BERTH-FWD-b0',
      'COMMIT',
      '*nat',
      ':BERTH-PORT-b0 - [0:0]',
      '-A PREROUTING -m addrtype --dst-type LOCAL -j BERTH-PORT-b0',
      'COMMIT',
    ].join('\n');
    const second = iptablesScript(rules, saved);
    assert.doesNotMatch(second, /-I (?:PREROUTING|FORWARD) /);
    assert.match(second, /-I OUTPUT 1 /);
    const removal = iptablesRemoval(rules, saved);
    assert.deepEqual(removal.split('\n'), [
      '*nat',
      '-D PREROUTING -m addrtype --dst-type LOCAL -j BERTH-PORT-b0',
      '-F BERTH-PORT-b0',
      '-X BERTH-PORT-b0',
      'COMMIT',
      '*filter',
      '-D FORWARD -j BERTH-FWD-b0',
      '-F BERTH-FWD-b0',
      '-X BERTH-FWD-b0',
      'COMMIT',
      '',
    ]);
    assert.equal(iptablesRemoval(rules, ''), '');
  });

  test('names of chains fit for the longest bridge', () => {
    const script = iptablesScript({ ...rules, bridge: 'b'.repeat(15) }, '');
    for (const [, chain = ''] of script.matchAll(/^:(\S+)/gm)) assert.ok(chain.length <= 28, chain);
  });

  test('changes that come while one is made share the next; what is so already is not made', async () => {
    const applied: number[] = [];
    let ports = rules.ports;
    const filter = {
      apply: async ([one]: readonly HostRules[]) => {
        await new Promise((resolve) => setImmediate(resolve));
        applied.push(one!.ports.length);
      },
      remove: () => Promise.resolve(),
    };
    const keeper = new RuleKeeper(filter, () => [{ ...rules, ports }]);
    const first = keeper.bring();
    await new Promise((resolve) => setImmediate(resolve));
    ports = [];
    await Promise.all([first, keeper.bring(), keeper.bring(), keeper.bring()]);
    await keeper.bring();
    assert.deepEqual(applied, [2, 0]);
  });

  test('a change that failed is tried again', async () => {
    let fails = true;
    const filter = {
      apply: () => (fails ? Promise.reject(new Error('busy')) : Promise.resolve()),
      remove: () => Promise.resolve(),
    };
    const keeper = new RuleKeeper(filter, () => [rules]);
    await assert.rejects(keeper.bring(), /busy/);
    fails = false;
    await keeper.bring();
  });

  test('what was there before a change that failed half-way is made again', async () => {
    const applied: number[] = [];
    let ports = rules.ports;
    const filter = {
      apply: ([one]: readonly HostRules[]) => {
        applied.push(one!.ports.length);
        return one!.ports.length === 0 ? Promise.reject(new Error('busy')) : Promise.resolve();
      },
      remove: () => Promise.resolve(),
    };
    const keeper = new RuleKeeper(filter, () => [{ ...rules, ports }]);
    await keeper.bring();
    ports = [];
    await assert.rejects(keeper.bring(), /busy/);
    ({ ports } = rules);
    await keeper.bring();
    assert.deepEqual(applied, [2, 0, 2]);
  });

  test('a refresh makes them again when they have not been made for a while', async (t) => {
    let applied = 0;
    const filter = { apply: () => Promise.resolve(void applied++), remove: () => Promise.resolve() };
    const keeper = new RuleKeeper(filter, () => [rules]);
    await keeper.bring();
    await keeper.refresh();
    assert.equal(applied, 1);
    const time = performance.now();
    t.mock.method(performance, 'now', () => time + 11_000);
    await Promise.all([keeper.refresh(), keeper.refresh()]);
    await keeper.refresh();
    assert.equal(applied, 2);
  });
});
