import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { PodNetwork } from '../../packages/engine/src/service/network/contract.ts';
import { enterOwnNetwork, ip } from '../harness/own-network.ts';
import { NetworkPlace, whyNoPlugins } from './network-place.ts';

/** The plugins of Debian, in a network of the test's own. */
describe('pods by real CNI plugins', { skip: whyNoPlugins }, () => {
  let place: NetworkPlace;
  let network: PodNetwork;
  before(() => enterOwnNetwork());
  beforeEach(async () => {
    place = await NetworkPlace.open();
    network = await place.start();
  });
  afterEach(async () => await place[Symbol.asyncDispose]());
  after(() => {
    if (ip('-o', 'link').includes('bt-cni0')) ip('link', 'delete', 'bt-cni0');
  });

  const list = (plugins: readonly object[] = [], cniVersion = '1.0.0') => {
    const ipam = {
      type: 'host-local',
      dataDir: path.join(place.home, 'ipam'),
      ranges: [[{ subnet: '10.72.0.0/24' }], [{ subnet: 'fd72::/64' }]],
      routes: [{ dst: '0.0.0.0/0' }],
    };
    const bridge = { type: 'bridge', bridge: 'bt-cni0', isGateway: true, ipMasq: true, ipam };
    return { cniVersion, name: 'bt', plugins: [bridge, ...plugins] };
  };
  const portmap = { type: 'portmap', capabilities: { portMappings: true } };
  const inPod = (netns: string, ...command: readonly string[]) =>
    spawnSync('nsenter', [`--net=${netns}`, ...command], { encoding: 'utf8' }).stdout;
  const leased = () => readdirSync(path.join(place.home, 'ipam/bt')).filter((name) => /^[\da-f]+[.:]/.test(name));
  const rules = () => spawnSync('iptables-save', ['-t', 'nat'], { encoding: 'utf8' }).stdout;
  const ports = [{ protocol: 'tcp', containerPort: 80, hostPort: 18_080, hostIp: '' }] as const;

  test('a pod is given its addresses and ports, and leaves nothing', async () => {
    place.configure(list([portmap]));
    const pod = place.pod('a', { portMappings: ports });
    const { ips, result } = await network.attach(place.context, pod);
    assert.deepEqual(ips, ['10.72.0.2', 'fd72::2']);
    assert.equal((result as { cniVersion: string }).cniVersion, '1.0.0');
    assert.match(inPod(pod.netns, 'ip', '-o', 'addr'), /eth0\s+inet 10\.72\.0\.2\/24/);
    assert.match(rules(), /--dport 18080 .*--to-destination 10\.72\.0\.2:80/);
    await network.detach(place.context, pod);
    assert.deepEqual([leased(), place.kept()], [[], []]);
    assert.doesNotMatch(rules(), /18080|10\.72\.0\.2/);
    await network.detach(place.context, pod);
  });

  test('what was changed behind the plugins is found by check', async () => {
    place.configure(list());
    const pod = place.pod('a');
    await network.attach(place.context, pod);
    await network.check(place.context, pod);
    inPod(pod.netns, 'ip', 'link', 'delete', 'eth0');
    await assert.rejects(network.check(place.context, pod), {
      kind: 'failed_precondition',
      code: 'network_plugin_failed',
    });
    await network.detach(place.context, pod);
    assert.deepEqual(leased(), []);
  });

  test('after a reboot the address is given back, without the namespace and with another configuration by then', async () => {
    place.configure(list([portmap]));
    const pod = place.pod('a', { portMappings: ports });
    await network.attach(place.context, pod);
    place.namespaces.remove(pod.netns);
    place.configure({ ...list(), name: 'other' });
    const later = await place.start();
    await later.detach(place.context, { ...pod, netns: '' });
    assert.deepEqual([leased(), place.kept()], [[], []]);
  });

  test('a chain that fails in its middle is taken back', async () => {
    place.configure(list([{ type: 'bandwidth', ingressRate: 'fast' }]));
    const pod = place.pod('a');
    await assert.rejects(network.attach(place.context, pod), {
      code: 'network_plugin_failed',
      message: /bandwidth \(ADD\)/,
    });
    assert.deepEqual(leased(), []);
    assert.doesNotMatch(inPod(pod.netns, 'ip', '-o', 'link'), /eth0/);
    // bandwidth fails to undo too: the entry stays until somebody detaches.
    await network.detach(place.context, pod);
    assert.deepEqual(place.kept(), []);
  });

  test('a daemon that was killed in the middle of ADD leaves an entry without a result, which is taken back', async () => {
    place.configure(list());
    const pod = place.pod('a');
    await network.attach(place.context, pod);
    const file = path.join(place.home, 'state/cni/results/bt-a-eth0');
    const { result, ...entry } = JSON.parse(readFileSync(file, 'utf8')) as { result: unknown };
    assert.ok(result !== undefined);
    writeFileSync(file, JSON.stringify(entry));
    const later = await place.start();
    await later.collect(place.context, []);
    assert.deepEqual([leased(), place.kept()], [[], []]);
  });

  test('an entry that a loss of power has emptied is taken back by the network as it is now', async () => {
    place.configure(list());
    const id = '0123456789abcdef'.repeat(4);
    const pod = place.pod(id);
    await network.attach(place.context, pod);
    writeFileSync(path.join(place.home, `state/cni/results/bt-${id}-eth0`), '');
    const later = await place.start();
    await later.detach(place.context, { ...pod, netns: '' });
    assert.deepEqual([leased(), place.kept()], [[], []]);
  });

  test('only pods that are not there any more are collected', async () => {
    place.configure(list());
    const pods = ['a', 'b', 'c'].map((id) => place.pod(id));
    await Promise.all(pods.map(async (pod) => await network.attach(place.context, pod)));
    assert.equal(new Set(leased()).size, 6);
    await network.collect(place.context, ['b']);
    assert.deepEqual(place.kept(), ['bt-b-eth0']);
    await network.detach(place.context, pods[1]!);
    assert.deepEqual(leased(), []);
  });

  test('ranges that kubelet tells reach host-local, and are known after a restart', async () => {
    const ipam = { type: 'host-local', dataDir: path.join(place.home, 'ipam') };
    const bridge = { type: 'bridge', bridge: 'bt-cni0', ipam, capabilities: { ipRanges: true } };
    place.configure({ cniVersion: '0.4.0', name: 'bt', plugins: [bridge] });
    await network.setPodRanges('10.73.5.0/24');
    const later = await place.start();
    const pod = place.pod('a');
    const { ips } = await later.attach(place.context, pod);
    assert.deepEqual(ips, ['10.73.5.2']);
    await later.detach(place.context, pod);
    await assert.rejects(network.setPodRanges('10.73.5.0'), { kind: 'invalid_argument', code: 'bad_pod_range' });
  });

  test('a template makes the network ready when kubelet tells the ranges', async () => {
    const template = path.join(place.home, 'template');
    const ipam = { type: 'host-local', dataDir: path.join(place.home, 'ipam'), subnet: '{{.PodCIDR}}' };
    writeFileSync(
      template,
      JSON.stringify({ cniVersion: '1.0.0', name: 'bt', plugins: [{ type: 'bridge', bridge: 'bt-cni0', ipam }] }),
    );
    const own = await place.start({ template });
    assert.equal(own.status().ready, false);
    await own.setPodRanges('10.74.0.0/24,fd74::/64');
    assert.equal(own.status().ready, true);
    const pod = place.pod('a');
    assert.deepEqual((await own.attach(place.context, pod)).ips, ['10.74.0.2']);
    await own.detach(place.context, pod);
  });

  test('the network follows its configuration: none, one, one without its plugin, a broken one', async () => {
    assert.deepEqual([network.status().ready, network.status().reason], [false, 'NetworkPluginNotReady']);
    await assert.rejects(network.attach(place.context, place.pod('a')), { code: 'network_not_ready' });
    place.configure(list());
    assert.equal(network.status().ready, true);
    place.configure(list([{ type: 'no-such-plugin' }]));
    assert.match(network.status().message, /no-such-plugin/);
    mkdirSync(path.join(place.home, 'net.d'), { recursive: true });
    writeFileSync(path.join(place.home, 'net.d', '10-test.conflist'), '{"cniVersion":');
    assert.match(network.status().message, /10-test\.conflist/);
    assert.equal(network.status().reason, 'NetworkPluginNotReady');
  });
});
