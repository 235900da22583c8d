import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PodAttachment, PodNetwork } from '../../packages/engine/src/service/network/contract.ts';
import { enterOwnNetwork, ip } from '../harness/own-network.ts';
import { eventPatience } from '../harness/patience.ts';
import { NetworkPlace, whyNoNetwork } from './network-place.ts';

const host = '192.0.2.1';
/** Somebody out there. */
const world = '192.0.2.254';
const ranges = '10.71.0.0/24,fd71::/64';

const said = (command: string, ...words: readonly string[]) => spawnSync(command, words, { encoding: 'utf8' }).stdout;
const inPod = ({ netns }: PodAttachment, ...command: readonly string[]) =>
  said('nsenter', `--net=${netns}`, ...command);
const fetchIn = (pod: PodAttachment, url: string) => inPod(pod, 'curl', '-s', '-m', '5', url);
const fetchHere = (url: string) => said('curl', '-s', '-m', '5', url);

before(() => {
  if (whyNoNetwork !== false) return;
  enterOwnNetwork();
  // A way out, so that there are addresses of the host's besides the bridge's.
  ip('link', 'add', 'bt-out0', 'type', 'bridge');
  ip('address', 'add', `${host}/24`, 'dev', 'bt-out0');
  ip('link', 'set', 'bt-out0', 'up');
  ip('route', 'add', 'default', 'via', world);
});

for (const filter of ['nft', 'iptables'] as const) {
  const missing = whyNoNetwork || (!existsSync(`/usr/sbin/${filter}`) && `needs ${filter}`);
  describe(
    `the built-in bridge with ${filter}`,
    { skip: missing || (!existsSync('/usr/bin/curl') && 'needs curl') },
    () => {
      let place: NetworkPlace;
      let network: PodNetwork;
      const servers: ChildProcess[] = [];

      beforeEach(async () => {
        place = await NetworkPlace.open();
        network = await place.start({ builtin: true, subnet: ranges, filter });
      });
      afterEach(async () => {
        for (const server of servers.splice(0)) server.kill();
        await network.collect(place.context, []);
        await place[Symbol.asyncDispose]();
      });
      after(() => {
        assert.doesNotMatch(ip('-o', 'link'), /bt-pods0|veth/);
        assert.doesNotMatch(
          said('nft', 'list', 'ruleset') + said('iptables-save') + said('ip6tables-save'),
          /berth|BERTH/,
        );
      });

      const attach = async (id: string, more: Partial<PodAttachment> = {}) => {
        const pod = place.pod(id, more);
        const { ips } = await network.attach(place.context, pod);
        return { pod, ips };
      };
      /** Answers with the address of who asks. */
      const serve = async (pod: PodAttachment, port: number) => {
        const script = `require('node:http').createServer((q, s) => s.end(q.socket.remoteAddress)).listen(${port}, '::', () => console.log())`;
        const server = spawn('nsenter', [`--net=${pod.netns}`, process.execPath, '-e', script], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        servers.push(server);
        await once(server.stdout, 'data');
      };
      const gone = async (what: string, isGone: () => boolean) => {
        for (const end = Date.now() + eventPatience; !isGone(); await sleep(20)) assert.ok(Date.now() < end, what);
      };

      test('pods reach each other and the host in both families, and are checked', async () => {
        const { pod: a, ips } = await attach('a');
        const { pod: b } = await attach('b');
        assert.deepEqual(ips, ['10.71.0.2', 'fd71::2']);
        await serve(a, 80);
        assert.equal(fetchIn(b, 'http://10.71.0.2/'), '::ffff:10.71.0.3');
        assert.equal(fetchIn(b, 'http://[fd71::2]/'), 'fd71::3');
        assert.equal(fetchHere('http://10.71.0.2/'), '::ffff:10.71.0.1');
        await network.check(place.context, a);
        inPod(a, 'ip', 'link', 'delete', 'eth0');
        await assert.rejects(network.check(place.context, a), { code: 'not_attached' });
      });

      for (const policy of ['ACCEPT', 'DROP']) {
        test(`pods reach the world under the host's address where others' rules forward by ${policy}`, async () => {
          const { netns } = place.pod('world');
          ip('link', 'add', 'bt-out1', 'type', 'veth', 'peer', 'name', 'eth9', 'netns', netns);
          ip('link', 'set', 'bt-out1', 'master', 'bt-out0', 'up');
          for (const words of [
            ['address', 'add', `${world}/24`, 'dev', 'eth9'],
            ['link', 'set', 'eth9', 'up'],
          ]) {
            said('nsenter', `--net=${netns}`, 'ip', ...words);
          }
          said('iptables', '-P', 'FORWARD', policy);
          try {
            await serve(place.pod('world', { netns }), 80);
            const { pod } = await attach('a');
            assert.equal(fetchIn(pod, `http://${world}/`), `::ffff:${host}`);
          } finally {
            said('iptables', '-P', 'FORWARD', 'ACCEPT');
            ip('link', 'delete', 'bt-out1');
          }
        });
      }

      test('a port of the host leads to the pod from the host, from another pod and from itself', async () => {
        const portMappings = [
          { protocol: 'tcp', containerPort: 80, hostPort: 18_080, hostIp: '' },
          { protocol: 'tcp', containerPort: 80, hostPort: 18_081, hostIp: host },
        ] as const;
        const { pod: a } = await attach('a', { portMappings });
        const { pod: b } = await attach('b');
        await serve(a, 80);
        assert.equal(fetchHere(`http://${host}:18080/`), `::ffff:${host}`);
        assert.equal(fetchHere('http://127.0.0.1:18080/'), '::ffff:10.71.0.1');
        assert.equal(fetchHere(`http://${host}:18081/`), `::ffff:${host}`);
        assert.equal(fetchHere('http://127.0.0.1:18081/'), '');
        for (const pod of [a, b]) assert.equal(fetchIn(pod, `http://${host}:18080/`), '::ffff:10.71.0.1');
        assert.equal(fetchIn(b, 'http://[fd71::1]:18080/'), 'fd71::1');
        await network.detach(place.context, a);
        assert.equal(fetchHere(`http://${host}:18080/`), '');
      });

      test("what listens on the host's 127.0.0.1 is not reached from pods, though its ports are routed there", async () => {
        const portMappings = [{ protocol: 'tcp', containerPort: 80, hostPort: 18_080, hostIp: '' }] as const;
        const { pod } = await attach('a', { portMappings });
        const { createServer } = await import('node:net');
        const server = createServer((socket) => socket.end('secret')).listen(18_099, '127.0.0.1');
        await once(server, 'listening');
        try {
          inPod(pod, 'ip', 'link', 'set', 'lo', 'down');
          inPod(pod, 'sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1');
          inPod(pod, 'ip', 'address', 'delete', '127.0.0.1/8', 'dev', 'lo');
          inPod(pod, 'ip', 'route', 'add', '127.0.0.0/8', 'via', '10.71.0.1', 'dev', 'eth0', 'src', '10.71.0.2');
          const asked = spawn(
            'nsenter',
            [`--net=${pod.netns}`, 'curl', '-s', '-m', '2', '--http0.9', 'http://127.0.0.1:18099/'],
            { stdio: ['ignore', 'pipe', 'ignore'] },
          );
          const chunks: Buffer[] = [];
          asked.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
          await once(asked, 'close');
          assert.equal(Buffer.concat(chunks).toString(), '');
        } finally {
          server.close();
        }
      });

      test("a port is one pod's at a time, and the next one's afterwards", async () => {
        const portMappings = [{ protocol: 'udp', containerPort: 53, hostPort: 10_053, hostIp: '' }] as const;
        const { pod } = await attach('a', { portMappings });
        await assert.rejects(attach('b', { portMappings }), { kind: 'failed_precondition', code: 'port_in_use' });
        await network.detach(place.context, pod);
        await attach('c', { portMappings });
      });

      test('many at once have addresses of their own and leave nothing; half of them without their namespace', async () => {
        const pods = Array.from({ length: 16 }, (_, index) => place.pod(`p${index}`));
        const all = await Promise.all(pods.map(async (pod) => await network.attach(place.context, pod)));
        assert.equal(new Set(all.flatMap(({ ips }) => ips)).size, 32);
        for (const { netns } of pods.slice(8)) place.namespaces.remove(netns);
        await Promise.all(pods.map(async (pod) => await network.detach(place.context, pod)));
        await gone(
          'a lease or a device is left',
          () => place.kept().length === 0 && !ip('-o', 'link').includes('veth'),
        );
      });

      test('a daemon that starts anew knows its pods, keeps their ports, and gives back those of pods that are gone', async () => {
        const portMappings = [{ protocol: 'tcp', containerPort: 80, hostPort: 18_080, hostIp: '' }] as const;
        const { pod: kept } = await attach('kept', { portMappings });
        await attach('gone');
        const later = await place.start({ builtin: true, subnet: ranges, filter });
        await later.collect(place.context, ['kept']);
        assert.deepEqual(place.kept(), ['kept.json']);
        await serve(kept, 80);
        assert.equal(fetchHere(`http://${host}:18080/`), `::ffff:${host}`);
        await later.check(place.context, kept);
        assert.deepEqual((await later.attach(place.context, place.pod('new'))).ips, ['10.71.0.3', 'fd71::3']);
        network = later;
      });

      test('a bridge that somebody took away is made again', async () => {
        await attach('a');
        ip('link', 'delete', 'bt-pods0');
        const { pod } = await attach('b');
        assert.match(inPod(pod, 'ip', 'route'), /default via 10\.71\.0\.1/);
        assert.match(ip('-o', 'address'), /bt-pods0\s+inet 10\.71\.0\.1\/24/);
      });

      test('rules that somebody took away are made again with a later pod', async (t) => {
        const portMappings = [{ protocol: 'tcp', containerPort: 80, hostPort: 18_080, hostIp: '' }] as const;
        const { pod } = await attach('a', { portMappings });
        await serve(pod, 80);
        said('nft', 'flush', 'ruleset');
        said('iptables', '-P', 'FORWARD', 'DROP');
        try {
          const time = performance.now();
          t.mock.method(performance, 'now', () => time + 60_000);
          await attach('b');
          await gone('the port leads nowhere', () => fetchHere(`http://${host}:18080/`) !== '');
          await gone('nothing is forwarded', () => said('iptables-save').includes('BERTH-FWD-bt-pods0'));
        } finally {
          said('iptables', '-P', 'FORWARD', 'ACCEPT');
        }
      });

      test('a bridge that was there before is still there when the daemon ends, also after another start', async () => {
        ip('link', 'add', 'bt-pods0', 'type', 'bridge');
        ip('link', 'set', 'bt-pods0', 'up');
        try {
          await attach('a');
          network = await place.start({ builtin: true, subnet: ranges, filter });
          await network.collect(place.context, []);
          await network[Symbol.asyncDispose]();
          assert.match(ip('-o', 'link'), /bt-pods0/);
        } finally {
          ip('link', 'delete', 'bt-pods0');
        }
      });

      test('a bridge that a daemon made goes with a later one that has no pods', async () => {
        await attach('a');
        const later = await place.start({ builtin: true, subnet: ranges, filter });
        await later.collect(place.context, []);
        const last = await place.start({ builtin: true, subnet: ranges, filter });
        await last[Symbol.asyncDispose]();
        assert.doesNotMatch(ip('-o', 'link'), /bt-pods0/);
        network = last;
      });

      test('ranges that kubelet tells are those of the pods to come', async () => {
        const { pod: older } = await attach('a');
        await network.setPodRanges('10.75.3.0/24');
        const { pod, ips } = await attach('b');
        assert.deepEqual(ips, ['10.75.3.2']);
        await serve(older, 80);
        assert.equal(fetchIn(pod, 'http://10.71.0.2/'), '::ffff:10.75.3.2');
      });

      test('a namespace that is none is refused, and nothing is left', async () => {
        const pod = place.pod('a', { netns: '/tmp' });
        await assert.rejects(network.attach(place.context, pod), { kind: 'internal', code: 'network_attach_failed' });
        assert.deepEqual(place.kept(), []);
      });

      test('a full range says so', async () => {
        const small = await place.start({ builtin: true, subnet: '10.71.0.0/30', filter });
        await small.attach(place.context, place.pod('a'));
        await assert.rejects(small.attach(place.context, place.pod('b')), {
          kind: 'resource_exhausted',
          code: 'no_free_address',
        });
        network = small;
      });

      test('CNI comes first where it is configured', () => {
        assert.equal(network.status().ready, true);
        place.configure({ cniVersion: '1.0.0', name: 'x', plugins: [{ type: 'no-such-plugin' }] });
        assert.match(network.status().message, /no-such-plugin/);
      });
    },
  );
}
