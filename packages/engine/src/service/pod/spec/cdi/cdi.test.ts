import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { podContainerSpec } from '../container-spec.ts';
import { host, withContainer } from '../input-example.ts';
import { parseYaml } from './yaml.ts';

/** As nvidia-ctk writes it. */
const example = `---
cdiVersion: 0.5.0
containerEdits:
  env:
  - NVIDIA_VISIBLE_DEVICES=void # nothing by the old way
  deviceNodes:
  - path: /dev/zero
  hooks:
  - args:
    - nvidia-ctk
    - hook
    hookName: createContainer
    path: /usr/bin/nvidia-ctk
  mounts:
  - containerPath: /usr/lib/a/b
    hostPath: /usr
    options: [ro, nosuid, 'bind']
devices:
- containerEdits:
    deviceNodes:
    - path: /dev/gpu0
      hostPath: /dev/null
      permissions: rw
      fileMode: 0640
  name: "0"
- name: all
  containerEdits: {env: ["GPU=all"], additionalGids: [44]}
kind: nvidia.com/gpu
`;

describe('CDI devices', () => {
  let folder: string;
  const folders = () => [path.join(folder, 'etc'), path.join(folder, 'run'), path.join(folder, 'absent')];
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  const made = (...cdiDevices: string[]) =>
    podContainerSpec({ ...withContainer({ cdiDevices }), host: { ...host, cdiFolders: folders() } }).spec;

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'berth-cdi-'));
    for (const name of ['etc', 'run']) mkdirSync(path.join(folder, name));
    write('etc/nvidia.yaml', example);
  });
  after(() => rmSync(folder, { recursive: true }));

  test('a device brings its edits, and those of its file once', () => {
    const spec = made('nvidia.com/gpu=0', 'nvidia.com/gpu=all');
    const device = spec.linux.devices?.find(({ path: place }) => place === '/dev/gpu0');
    assert.deepEqual([device?.type, device?.major, device?.minor, device?.fileMode], ['c', 1, 3, 0o640]);
    assert.deepEqual(spec.linux.resources?.devices?.slice(-2), [
      { allow: true, type: 'c', major: 1, minor: 5, access: 'rwm' },
      { allow: true, type: 'c', major: 1, minor: 3, access: 'rw' },
    ]);
    assert.ok(spec.process.env.includes('NVIDIA_VISIBLE_DEVICES=void') && spec.process.env.includes('GPU=all'));
    assert.ok(spec.process.user.additionalGids?.includes(44));
    const hook = { args: ['nvidia-ctk', 'hook'], path: '/usr/bin/nvidia-ctk' };
    assert.deepEqual(spec.hooks, { createContainer: [hook] });
    const mount = spec.mounts.find(({ destination }) => destination === '/usr/lib/a/b');
    assert.deepEqual(mount?.options, ['ro', 'nosuid', 'bind']);
  });

  test('an annotation names devices too', () => {
    const annotations = { 'cdi.k8s.io/plugin': 'nvidia.com/gpu=all' };
    const input = { ...withContainer({ annotations }), host: { ...host, cdiFolders: folders() } };
    assert.ok(podContainerSpec(input).spec.process.env.includes('GPU=all'));
  });

  test('a later folder wins; two files of one folder are one too many', () => {
    const file = (value: string) =>
      JSON.stringify({
        cdiVersion: '1.0.0',
        kind: 'x.org/thing',
        devices: [{ name: 'a', containerEdits: { env: [`FROM=${value}`] } }],
      });
    write('etc/x.json', file('etc'));
    assert.ok(made('x.org/thing=a').process.env.includes('FROM=etc'));
    write('run/x.json', file('run'));
    assert.ok(made('x.org/thing=a').process.env.includes('FROM=run'));
    write('run/y.json', file('other'));
    assert.throws(() => made('x.org/thing=a'), { kind: 'failed_precondition', code: 'ambiguous_cdi_device' });
  });

  test('what is not there is told by its field, with the files that could not be read', () => {
    write('etc/bad.json', '{"cdiVersion":"0.2.0"}');
    assert.throws(() => made('nvidia.com/gpu=0', 'nvidia.com/gpu=9'), {
      code: 'no_cdi_device',
      message: /^cdi_devices\[1\]: .*gpu=9.*bad\.json: cdiVersion is 0\.2\.0/,
    });
    assert.throws(() => made('nonsense'), { kind: 'invalid_argument', message: /^cdi_devices\[0\]/ });
  });
});

describe('the YAML of CDI files', () => {
  test('scalars are of the kinds that Go’s libraries read', () => {
    const text = 'a: 0666\nb: "0"\nc: 0.5.0\nd: ~\ne: yes it is\nf: \'it\'\'s\'\ng: true\nh: -1\ni: "a\\nb # c"\nj:\n';
    const value = { a: 0o666, b: '0', c: '0.5.0', d: null, e: 'yes it is', f: "it's", g: true, h: -1, i: 'a\nb # c' };
    assert.deepEqual(parseYaml(text), { ...value, j: null });
  });

  test('lists in lists, and maps in brackets', () => {
    assert.deepEqual(parseYaml('- - 1\n  - 2\n- {a: [b, "c,d"], e: {}}\n-\n  x: 1\n'), [
      [1, 2],
      { a: ['b', 'c,d'], e: {} },
      { x: 1 },
    ]);
  });

  test('what is not understood is refused by its line', () => {
    for (const [text, line] of [
      ['a: &x 1', 1],
      ['a: 1\nb: |\n  text', 2],
      ['a: 1\n---\nb: 2', 2],
      ['a: [1,\n  2]', 1],
      ['a: 1\n\tb: 2', 2],
      ['a: 1\na: 2', 2],
      ['a: 1\n   b', 2],
      ['a: "x" y', 1],
    ] as const) {
      assert.throws(() => parseYaml(text), new RegExp(`^SyntaxError: line ${line} `), text);
    }
  });

  test('any text is read or refused, and never hangs', () => {
    const pieces = ['a', ':', ' ', '-', '\n', '[', ']', '{', '}', '"', "'", ',', '#', '  ', '1'];
    let seed = 7;
    for (let round = 0; round < 3000; round++) {
      let text = '';
      for (let n = 0; n < 12; n++) text += pieces[(seed = (seed * 48_271) % 2_147_483_647) % pieces.length];
      try {
        parseYaml(text);
      } catch (error) {
        assert.ok(error instanceof SyntaxError, text);
      }
    }
  });
});
