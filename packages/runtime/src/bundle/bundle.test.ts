import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { BerthError } from '@berth/model/error';
import { template } from '../template/template.ts';
import { writeTemplate } from '../template/write.ts';
import { SpecError } from '../validate/finding.ts';
import { readBundle } from './bundle.ts';
import { bundleCodes } from './code.ts';
import { readProcess, readResources } from './input.ts';
import { parseJson } from './json-text.ts';

let folder: string;
const config = () => join(folder, 'config.json');
const spec = template({ cgroupVersion: 1 });

/** Hooks of a file alone would run for every test of the process. */
function useFolder(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-bundle-'));
    mkdirSync(join(folder, 'rootfs'));
    writeTemplate(folder, { cgroupVersion: 1 });
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));
}

function refusal(action: () => unknown): BerthError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof BerthError, String(error));
    if (error.code.startsWith('bundle.')) assert.ok(Object.hasOwn(bundleCodes, error.code), error.code);
    return error;
  }
  assert.fail('nothing was thrown');
}

describe('a bundle', () => {
  useFolder();
  test('gives the spec with paths made absolute', () => {
    mkdirSync(join(folder, 'data'));
    const mounts = [
      { destination: '/d', source: 'data', options: ['bind'] },
      { destination: '/t', type: 'tmpfs', source: 'data' },
    ];
    writeFileSync(config(), JSON.stringify({ ...spec, mounts }));
    const bundle = readBundle(relative(process.cwd(), folder));
    assert.equal(bundle.folder, folder);
    assert.equal(bundle.spec.root.path, join(folder, 'rootfs'));
    assert.deepEqual(
      bundle.spec.mounts.map(({ source }) => source),
      [join(folder, 'data'), 'data'],
    );
    assert.deepEqual(bundle.warnings, []);
  });

  test('may have its root behind a link: the plan gets the real folder', () => {
    symlinkSync('rootfs', join(folder, 'link'));
    writeFileSync(config(), JSON.stringify({ ...spec, root: { path: 'link' } }));
    assert.equal(readBundle(folder).spec.root.path, join(folder, 'rootfs'));
  });

  test('that is missing is named', () => {
    const error = refusal(() => readBundle(join(folder, 'no')));
    assert.deepEqual([error.kind, error.code], ['not_found', 'bundle.folder_missing']);
    assert.match(error.message, /\/no does not exist/);
  });

  test('may not be a file', () => {
    assert.equal(refusal(() => readBundle(config())).code, 'bundle.folder_not_a_folder');
  });

  test('without a config says how to make one', () => {
    rmSync(config());
    const error = refusal(() => readBundle(folder));
    assert.deepEqual([error.kind, error.code], ['not_found', 'bundle.config_missing']);
    assert.match(error.message, /config\.json/);
    assert.match(error.hint ?? '', /berth-oci spec/);
  });

  test('without a root file system names the folder and the member', () => {
    rmSync(join(folder, 'rootfs'), { recursive: true });
    const error = refusal(() => readBundle(folder));
    assert.deepEqual([error.kind, error.code], ['not_found', 'bundle.rootfs_missing']);
    assert.match(error.message, /^root\.path: .*\/rootfs does not exist/);
    writeFileSync(join(folder, 'rootfs'), '');
    assert.equal(refusal(() => readBundle(folder)).code, 'bundle.rootfs_not_a_folder');
  });
});

describe('a config', () => {
  useFolder();
  test('that is not JSON is refused with line and column', () => {
    writeFileSync(config(), '{\n  "ociVersion": "1.0.0",\n}');
    const error = refusal(() => readBundle(folder));
    assert.equal(error.code, 'bundle.not_json');
    assert.match(error.message, /config\.json is not JSON: line 3, column 1: /);
  });

  for (const [what, text, place] of [
    ['empty', '', 'line 1, column 1'],
    ['cut off', '{"a":\n [1,', 'line 2, column 5'],
    ['two values', '{}\n{}', 'line 2, column 1'],
    ['of single quotes', "{'a': 1}", 'line 1, column 2'],
    ['without a value', '{\n"a": }', 'line 2, column 6'],
    ['with a wrong word', '{"a": [true, tru3]}', 'line 1, column 17'],
    ['with a control character', '["a\tb"]', 'line 1, column 4'],
    ['with a wrong escape', '["\\u00zz"]', 'line 1, column 7'],
    ['with a wrong number', '[1.x]', 'line 1, column 4'],
    [`long and wrong at its end`, `[${'"word",'.repeat(5000)}\n}`, 'line 2, column 1'],
  ] as const) {
    test(`that is ${what} is refused at ${place}`, () => {
      writeFileSync(config(), text);
      assert.match(refusal(() => readBundle(folder)).message, new RegExp(`is not JSON: ${place}: `));
    });
  }

  test('that holds a secret does not show it in the error', () => {
    const error = refusal(() => parseJson('{"env": "PASSWORD=hunter2" oops}', 'f'));
    assert.doesNotMatch(error.message, /hunter2/);
  });

  test('of another shape is refused by the shape', () => {
    for (const text of ['null', '[]', '"x"', '7']) {
      writeFileSync(config(), text);
      const error = refusal(() => readBundle(folder));
      assert.ok(error instanceof SpecError);
      assert.equal(error.code, 'spec.type');
    }
  });

  test('that is huge is not read', () => {
    truncateSync(config(), 17 * 1024 * 1024);
    assert.equal(refusal(() => readBundle(folder)).code, 'bundle.file_too_big');
  });

  test('that is no regular file is not read', () => {
    rmSync(config());
    mkdirSync(config());
    assert.equal(refusal(() => readBundle(folder)).code, 'bundle.file_kind');
    rmSync(config(), { recursive: true });
    symlinkSync('/dev/zero', config());
    assert.equal(refusal(() => readBundle(folder)).code, 'bundle.file_kind');
  });

  test('that is nested without end is refused', () => {
    writeFileSync(config(), `${'['.repeat(1e6)}9007199254740993${']'.repeat(1e6)}`);
    assert.equal(refusal(() => readBundle(folder)).code, 'bundle.too_deep');
  });

  test('in another encoding is refused', () => {
    writeFileSync(config(), Buffer.from('{"ociVersion": "\xe4"}', 'latin1'));
    assert.equal(refusal(() => readBundle(folder)).code, 'bundle.not_utf8');
  });

  test('that may not be read is named with the reason', (t) => {
    if (process.getuid?.() === 0) {
      symlinkSync('config.json', join(folder, 'x'));
      rmSync(config());
      symlinkSync('x', config());
      const error = refusal(() => readBundle(folder));
      assert.equal(error.code, 'bundle.file_unreadable');
      assert.match(error.message, /ELOOP/);
      t.diagnostic('root may read everything: tried with a loop of links');
      return;
    }
    chmodSync(config(), 0);
    const error = refusal(() => readBundle(folder));
    assert.deepEqual([error.kind, error.code], ['permission_denied', 'bundle.file_unreadable']);
  });
});

describe('numbers', () => {
  useFolder();
  test('beyond 2^53 keep their digits, all others are numbers', () => {
    const value = parseJson('[18446744073709551615, -9223372036854775808, 9007199254740991, 1.5, 1e300]', 'f');
    assert.deepEqual(value, [2n ** 64n - 1n, -(2n ** 63n), 2 ** 53 - 1, 1.5, 1e300]);
  });
});

describe('other files', () => {
  useFolder();
  test('a process of an exec', () => {
    const path = join(folder, 'process.json');
    writeFileSync(path, JSON.stringify({ args: ['ls'], cwd: '/', user: { uid: 5 } }));
    assert.deepEqual(readProcess(path).value, { args: ['ls'], cwd: '/', user: { uid: 5, gid: 0 }, env: [] });
    assert.equal(refusal(() => readProcess(join(folder, 'no'))).code, 'bundle.file_missing');
    writeFileSync(path, '{"args": ["ls"]}');
    assert.equal(refusal(() => readProcess(path)).message, 'cwd: must be given');
  });

  test('resources of an update', () => {
    const path = join(folder, 'resources.json');
    writeFileSync(path, '{"memory": {"limit": 9223372036854775807}}');
    assert.deepEqual(readResources(path).value, { memory: { limit: 2n ** 63n - 1n } });
    writeFileSync(path, '{"cpu": {"idle": 3}}');
    assert.equal(refusal(() => readResources(path)).code, 'spec.cpu_idle_range');
  });

  test('a template does not take the place of a config, and needs its folder', () => {
    assert.equal(refusal(() => writeTemplate(folder, { cgroupVersion: 1 })).kind, 'already_exists');
    assert.equal(refusal(() => writeTemplate(join(folder, 'no'), { cgroupVersion: 1 })).kind, 'not_found');
  });
});
