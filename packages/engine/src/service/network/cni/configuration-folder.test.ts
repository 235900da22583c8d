import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { parseRanges } from '@berth/model/address-range';
import { silentLog } from '@berth/model/context';
import { ConfigurationFolder } from './configuration-folder.ts';
import { parseNetworkList } from './network-list.ts';
import { writeFromTemplate } from './template.ts';

describe('the folder of network configurations', () => {
  let home = '';
  let folder = '';
  const put = (name: string, content: string | object) => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  };
  const network = (name: string, more: object = {}) => ({
    cniVersion: '1.1.0',
    name,
    plugins: [{ type: 'bridge' }],
    ...more,
  });

  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'berth-cni-'));
    folder = path.join(home, 'net.d');
  });
  afterEach(() => rmSync(home, { recursive: true }));

  test('it need not exist, and is seen when it comes', () => {
    const configuration = new ConfigurationFolder(folder, silentLog);
    assert.deepEqual(configuration.current(), { problems: [] });
    put('10-a.conflist', network('a'));
    assert.equal(configuration.current().network?.name, 'a');
  });

  test('the first file by name counts; others, and files of other kinds, do not', () => {
    put('20-b.conflist', network('b'));
    put('10-a.conf', { cniVersion: '1.0.0', name: 'a', type: 'ptp' });
    put('00-notes.txt', 'notes');
    put('05.conflist.bak', '{');
    assert.equal(new ConfigurationFolder(folder, silentLog).current().network?.name, 'a');
  });

  test('a change, a new first file and a removal are seen at once', () => {
    const configuration = new ConfigurationFolder(folder, silentLog);
    put('10-a.conflist', network('a'));
    assert.equal(configuration.current().network?.name, 'a');
    put('10-a.conflist', network('a2'));
    assert.equal(configuration.current().network?.name, 'a2');
    put('05-b.conflist', network('b'));
    assert.equal(configuration.current().network?.name, 'b');
    rmSync(path.join(folder, '05-b.conflist'));
    rmSync(path.join(folder, '10-a.conflist'));
    assert.equal(configuration.current().network, undefined);
  });

  test('a folder that is none is a problem, not a failure', () => {
    writeFileSync(folder, '');
    assert.match(new ConfigurationFolder(folder, silentLog).current().problems.join(), /ENOTDIR/);
  });

  test('a broken file is left out and named', () => {
    put('10-a.conflist', '{');
    put('20-b.conflist', network('b'));
    const { network: found, problems } = new ConfigurationFolder(folder, silentLog).current();
    assert.equal(found?.name, 'b');
    assert.match(problems.join(), /10-a\.conflist: it is not JSON/);
  });

  test('plugins of a folder named like the network come behind its own (CNI 1.1)', () => {
    put('10-a.conflist', network('a'));
    put('a/20-tuning.conf', { type: 'tuning' });
    put('a/10-portmap.conf', { type: 'portmap' });
    const configuration = new ConfigurationFolder(folder, silentLog);
    const types = () => configuration.current().network?.plugins.map(({ type }) => type);
    assert.deepEqual(types(), ['bridge', 'portmap', 'tuning']);
    // What is kept of an attachment has them too.
    assert.equal(parseNetworkList(configuration.current().network!.source).plugins.length, 3);
    put('10-a.conflist', network('a', { loadOnlyInlinedPlugins: true }));
    assert.deepEqual(types(), ['bridge']);
  });

  test('a template becomes a network with the ranges that kubelet told', () => {
    put(
      '../pods.template',
      '{"cniVersion":"1.0.0","name":"t","plugins":[{"type":"bridge","ipam":{"type":"host-local","subnet":"{{.PodCIDR}}","ranges":{{ .PodCIDRRanges }},"routes":{{.Routes}}}}]}',
    );
    const file = writeFromTemplate(path.join(home, 'pods.template'), parseRanges('10.5.0.0/24,fd05::/64'), folder);
    const list = parseNetworkList(readFileSync(file, 'utf8'));
    assert.deepEqual(list.plugins[0]?.['ipam'], {
      type: 'host-local',
      subnet: '10.5.0.0/24',
      ranges: [[{ subnet: '10.5.0.0/24' }], [{ subnet: 'fd05::/64' }]],
      routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
    });
  });

  test('a template that makes no network writes nothing', () => {
    put('../pods.template', '{');
    const write = () => writeFromTemplate(path.join(home, 'pods.template'), parseRanges('10.5.0.0/24'), folder);
    assert.throws(write, { code: 'bad_network_template' });
    assert.equal(new ConfigurationFolder(folder, silentLog).current().network, undefined);
  });
});
