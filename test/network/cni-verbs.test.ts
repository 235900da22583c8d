import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { withSignal } from '@berth/model/context';
import { eventPatience } from '../harness/patience.ts';
import { processTable } from '../harness/process-table.ts';
import { NetworkPlace, whyNoNetwork } from './network-place.ts';

const result = {
  cniVersion: '1.1.0',
  interfaces: [{ name: 'eth0', sandbox: 'x' }],
  ips: [{ address: '10.9.0.7/24', interface: 0 }],
};
const says = `echo '${JSON.stringify(result)}'`;

/** Running ones; a zombie has no command. */
const processesWith = (words: string) =>
  processTable().filter(({ command }) => command.replaceAll('\0', ' ').includes(words));

/** What CNI 1.1 has and Debian's plugins have not, and plugins that misbehave: by scripts. */
describe('verbs of CNI by plugins of the test', { skip: whyNoNetwork }, () => {
  let place: NetworkPlace;
  beforeEach(async () => (place = await NetworkPlace.open()));
  afterEach(async () => await place[Symbol.asyncDispose]());

  const configure = (types: readonly string[], more: object = {}) =>
    place.configure({ cniVersion: '1.1.0', name: 'net', plugins: types.map((type) => ({ type })), ...more });
  const calls = () => readFileSync(path.join(place.home, 'calls'), 'utf8').trim().split('\n');
  const verbs = () => calls().map((line) => line.split(' ').slice(0, 2).join(' '));
  const input = (name: string) =>
    JSON.parse(readFileSync(path.join(place.home, `input-${name}`), 'utf8')) as Record<string, unknown>;
  const waitFor = async (what: string, isSo: () => boolean) => {
    for (const end = Date.now() + eventPatience; !isSo(); await sleep(20)) assert.ok(Date.now() < end, what);
  };

  test('a chain goes forwards to add and backwards to delete, with the result handed on', async () => {
    for (const name of ['one', 'two']) place.plugin(name, says);
    configure(['one', 'two'], { cniVersion: '1.0.0' });
    const network = await place.start();
    const pod = place.pod('p');
    const { ips } = await network.attach(place.context, pod);
    assert.deepEqual(ips, ['10.9.0.7']);
    await network.check(place.context, pod);
    await network.detach(place.context, pod);
    assert.deepEqual(verbs(), ['one ADD', 'two ADD', 'one CHECK', 'two CHECK', 'two DEL', 'one DEL']);
    assert.equal(calls()[0], `one ADD p ${pod.netns} eth0`);
    assert.equal(input('one-ADD')['prevResult'], undefined);
    for (const call of ['two-ADD', 'one-CHECK', 'one-DEL']) assert.deepEqual(input(call)['prevResult'], result, call);
    assert.deepEqual([input('one-ADD')['name'], input('one-ADD')['cniVersion']], ['net', '1.0.0']);
  });

  test('STATUS says whether the network is ready, with the words of the plugin', async () => {
    place.plugin(
      'one',
      `[ $CNI_COMMAND != STATUS ] || [ -e ${place.home}/up ] || { echo '{"code":50,"msg":"no uplink"}'; exit 1; }`,
    );
    configure(['one']);
    const network = await place.start();
    await waitFor('not ready', () => !network.status().ready);
    assert.deepEqual(network.status().reason, 'NetworkPluginNotReady');
    assert.match(network.status().message, /no uplink/);
  });

  test('GC is told the pods that are there; those of a list that wants none, and before 1.1, are not asked', async () => {
    place.plugin('one', says);
    configure(['one']);
    const network = await place.start();
    const pods = [place.pod('kept'), place.pod('gone')];
    for (const pod of pods) await network.attach(place.context, pod);
    await network.collect(place.context, ['kept']);
    assert.deepEqual(input('one-GC')['cni.dev/valid-attachments'], [{ containerID: 'kept', ifname: 'eth0' }]);
    assert.ok(verbs().includes('one DEL'), 'gone is deleted first');
    const before = verbs().filter((verb) => verb === 'one GC').length;
    configure(['one'], { disableGC: true });
    await network.collect(place.context, ['kept']);
    configure(['one'], { cniVersion: '1.0.0' });
    await network.collect(place.context, ['kept']);
    assert.equal(verbs().filter((verb) => verb === 'one GC').length, before);
  });

  test('a plugin that hangs does not keep the daemon from its start', async () => {
    place.plugin('one', `[ $CNI_COMMAND != DEL ] || [ -e ${place.home}/up ] || sleep 98763\n${says}`);
    configure(['one'], { cniVersion: '1.0.0' });
    const network = await place.start();
    await network.attach(place.context, place.pod('gone'));
    await network.collect(place.context, []);
    assert.deepEqual(place.kept(), ['net-gone-eth0'], 'DEL is still at work');
    for (const { pid } of processesWith('sleep 98763')) process.kill(pid, 'SIGKILL');
    await waitFor('deleted', () => place.kept().length === 0);
  });

  test('CHECK is not asked where the list says so', async () => {
    place.plugin('one', says);
    configure(['one'], { disableCheck: true });
    const network = await place.start();
    const pod = place.pod('p');
    await network.attach(place.context, pod);
    await network.check(place.context, pod);
    assert.ok(!verbs().includes('one CHECK'));
  });

  test('of a chain that fails all are asked to delete, and what the failed one says then changes nothing', async () => {
    place.plugin('one', says);
    place.plugin('two', `echo '{"code":11,"msg":"busy"}'; exit 1`);
    configure(['one', 'two']);
    const network = await place.start();
    const pod = place.pod('p');
    await assert.rejects(network.attach(place.context, pod), {
      kind: 'unavailable',
      message: 'network plugin two (ADD): busy',
    });
    assert.deepEqual(
      verbs().filter((verb) => !verb.endsWith('STATUS')),
      ['one ADD', 'two ADD', 'two DEL', 'one DEL'],
    );
    assert.deepEqual(input('one-DEL')['prevResult'], result);
    await network.detach(place.context, pod);
    assert.deepEqual(place.kept(), []);
  });

  test('a result without an address for the pod is a failure', async () => {
    place.plugin('one', `echo '{"cniVersion":"1.1.0","ips":[]}'`);
    configure(['one']);
    const network = await place.start();
    await assert.rejects(network.attach(place.context, place.pod('p')), {
      code: 'network_plugin_failed',
      message: /no address/,
    });
    assert.deepEqual(place.kept(), []);
  });

  test('a plugin that is no program is named', async () => {
    writeFileSync(path.join(place.home, 'bin/one'), 'not a program', { mode: 0o755 });
    configure(['one'], { cniVersion: '1.0.0' });
    const network = await place.start();
    await assert.rejects(network.attach(place.context, place.pod('p')), {
      kind: 'internal',
      code: 'network_plugin_failed',
      message: /^network plugin one \(ADD\): .*ENOEXEC/,
    });
  });

  test('a DEL that fails is told, and the next one has the same result to go by', async () => {
    place.plugin(
      'one',
      `[ $CNI_COMMAND != DEL ] || [ -e ${place.home}/calls.second ] || { touch ${place.home}/calls.second; exit 3; }\n${says}`,
    );
    configure(['one']);
    const network = await place.start();
    const pod = place.pod('p');
    await network.attach(place.context, pod);
    await assert.rejects(network.detach(place.context, pod), {
      code: 'network_plugin_failed',
      message: /ended with 3/,
    });
    await network.detach(place.context, pod);
    assert.deepEqual(input('one-DEL')['prevResult'], result);
    assert.deepEqual(place.kept(), []);
  });

  test('a plugin that hangs is ended with what it has started when its client goes', async () => {
    place.plugin('one', `[ $CNI_COMMAND != ADD ] || sleep 98765\n${says}`);
    configure(['one']);
    const network = await place.start();
    const client = new AbortController();
    const attached = network.attach(withSignal(place.context, client.signal), place.pod('p'));
    await waitFor('started', () => processesWith('sleep 98765').length > 0);
    client.abort(new Error('client left'));
    await assert.rejects(attached, /client left/);
    await waitFor('ended', () => processesWith('sleep 98765').length === 0);
    assert.deepEqual(place.kept(), []);
  });

  test('an ADD that an earlier daemon has left at work is ended before its DEL', async () => {
    place.plugin('one', `[ $CNI_COMMAND != ADD ] || { sleep 98764; touch ${place.home}/too-late; }\n${says}`);
    configure(['one']);
    const first = await place.start();
    const attached = first.attach(place.context, place.pod('p'));
    attached.catch(() => undefined);
    await waitFor('started', () => processesWith('sleep 98764').length > 0);
    const second = await place.start();
    await second.collect(place.context, []);
    assert.equal(processesWith('sleep 98764').length, 0);
    await assert.rejects(attached, { code: 'network_plugin_failed' });
    assert.deepEqual(place.kept(), []);
  });
});
