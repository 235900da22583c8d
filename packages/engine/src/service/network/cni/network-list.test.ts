import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BerthError } from '@berth/model/error';
import { isAtLeast, parseNetworkList } from './network-list.ts';

const plugins = [{ type: 'bridge' }];
const parse = (list: object) => parseNetworkList(JSON.stringify({ name: 'pods', plugins, ...list }));

describe('network configuration lists', () => {
  test('the newest version counts that the list and we know', () => {
    assert.equal(parse({ cniVersion: '1.0.0' }).version, '1.0.0');
    assert.equal(parse({ cniVersion: '0.4.0', cniVersions: ['0.3.1', '1.1.0', '2.0.0'] }).version, '1.1.0');
    assert.equal(parse({}).version, '0.1.0');
    assert.ok(isAtLeast('1.1.0', '0.4.0') && !isAtLeast('0.3.1', '0.4.0'));
  });

  test('one plugin alone is a list of one', () => {
    const list = parseNetworkList('{"cniVersion":"0.3.1","name":"n","type":"ptp","mtu":9000}');
    assert.deepEqual([list.plugins.length, list.plugins[0]?.type, list.plugins[0]?.['mtu']], [1, 'ptp', 9000]);
  });

  test('switches are also understood as text, as they were before 1.0', () => {
    const list = parse({ disableCheck: 'true', disableGC: true });
    assert.deepEqual([list.disableCheck, list.disableGc], [true, true]);
  });

  const bad: Readonly<Record<string, string>> = {
    'no JSON': '{',
    'another type': '[]',
    'no name': '{"plugins":[{"type":"bridge"}]}',
    'a name that would leave its folder': '{"name":"../x","plugins":[{"type":"bridge"}]}',
    'a plugin that would leave its folder': '{"name":"n","plugins":[{"type":"../sh"}]}',
    'a plugin without a type': '{"name":"n","plugins":[{}]}',
    'plugins that are no list': '{"name":"n","plugins":{}}',
    'no plugins': '{"name":"n","plugins":[],"loadOnlyInlinedPlugins":true}',
    'a version of later': '{"name":"n","cniVersion":"2.0.0","plugins":[{"type":"bridge"}]}',
    'a switch that is none': '{"name":"n","disableCheck":"maybe","plugins":[{"type":"bridge"}]}',
    'capabilities that are no object': '{"name":"n","plugins":[{"type":"bridge","capabilities":[]}]}',
  };
  for (const [what, source] of Object.entries(bad)) {
    test(`${what} is refused`, () => {
      assert.throws(
        () => parseNetworkList(source),
        (error) => error instanceof BerthError && error.code === 'bad_network_configuration',
      );
    });
  }
});
