import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseMountOptions } from '../compile/mount-option.ts';
import { findCriu } from '../criu/program.ts';
import { template } from '../template/template.ts';
import { validateSpec } from '../validate/validate.ts';
import { features } from './features.ts';
import { kernelTakesFilterFlag } from './kernel-flag.ts';

const schemas = join(import.meta.dirname, '../../../../../shared/wire/oci/runtime-spec-1.3.0');
const own = JSON.parse(JSON.stringify(features({ version: '0.1.0' }))) as Schema;

type Schema = { readonly [key: string]: unknown };

const schema = (file: string) => JSON.parse(readFileSync(join(schemas, file), 'utf8')) as Schema;
const at = (tree: unknown, ...keys: readonly string[]) =>
  keys.reduce<unknown>((value, key) => (value as Schema | undefined)?.[key], tree);

/** Members of ours that the schema does not have, of whatever depth. */
function unknownMembers(value: unknown, of: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const known = at(of, 'properties') as Schema | undefined;
  if (known === undefined) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    Object.hasOwn(known, key) ? unknownMembers(each, known[key], `${path}${key}.`) : [`${path}${key}`],
  );
}

/** Members of the schema that we leave out. */
function leftOut(of: unknown, value: unknown, path = ''): string[] {
  const known = (at(of, 'properties') ?? {}) as Schema;
  return Object.keys(known).flatMap((key) => {
    const mine = at(value, key);
    return mine === undefined ? [`${path}${key}`] : leftOut(known[key], mine, `${path}${key}.`);
  });
}

describe('features', () => {
  test('has every member of the schema', (t) => {
    if (!existsSync(schemas)) return t.skip(`no schemas in ${schemas}`);
    const whole = schema('features-schema.json');
    const linux = at(schema('features-linux.json'), 'linux');
    assert.deepEqual(unknownMembers(own, whole), []);
    assert.deepEqual(leftOut(whole, own), []);
    assert.deepEqual(leftOut(linux, own['linux']), []);
    // In the Go bindings of 1.3, and in what runc 1.5 says, but not in the schema.
    const newer = ['intelRdt.schemata', 'intelRdt.monitoring', 'memoryPolicy'];
    assert.deepEqual(unknownMembers(own['linux'], linux).toSorted(), newer.toSorted());
  });

  test('lists words of the schema only, each once', (t) => {
    if (!existsSync(schemas)) return t.skip(`no schemas in ${schemas}`);
    const words = at(schema('defs-linux.json'), 'definitions');
    for (const [path, definition] of [
      ['namespaces', 'NamespaceType'],
      ['seccomp.actions', 'SeccompAction'],
      ['seccomp.operators', 'SeccompOperators'],
      ['seccomp.archs', 'SeccompArch'],
      ['seccomp.knownFlags', 'SeccompFlag'],
      ['seccomp.supportedFlags', 'SeccompFlag'],
      ['memoryPolicy.modes', 'MemoryPolicyMode'],
      ['memoryPolicy.flags', 'MemoryPolicyFlag'],
    ] as const) {
      const list = at(own['linux'], ...path.split('.')) as string[];
      const all = at(words, definition, 'enum') as string[];
      assert.ok(list.length > 0 && new Set(list).size === list.length, path);
      assert.deepEqual(
        list.filter((word) => !all.includes(word)),
        [],
        path,
      );
      if (path !== 'seccomp.archs') assert.equal(list.length, all.length, path);
    }
  });

  test('names every mount option that the runtime spec demands', () => {
    const options = own['mountOptions'] as string[];
    assert.equal(new Set(options).size, options.length);
    const demanded =
      'async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime noexec noiversion nolazytime ' +
      'norelatime nostrictatime nosuid private rbind relatime remount ro rprivate rshared rslave runbindable rw shared ' +
      'silent slave strictatime suid sync unbindable idmap ridmap rro rrw rnosuid rsymfollow tmpcopyup';
    assert.deepEqual(
      demanded.split(' ').filter((option) => !options.includes(option)),
      [],
    );
  });

  test('names no option that would be handed to the file system', () => {
    assert.deepEqual(parseMountOptions(own['mountOptions'] as string[]).data, []);
  });

  test('names versions that are accepted', () => {
    for (const version of ['ociVersionMin', 'ociVersionMax'] as const) {
      assert.deepEqual(validateSpec({ ...template({ cgroupVersion: 1 }), ociVersion: own[version] }).warnings, []);
    }
  });

  test('tells of checkpoints what is true of this machine', () => {
    const annotation = 'org.opencontainers.runc.checkpoint.enabled';
    assert.equal(features({ version: '1', criu: true }).annotations[annotation], 'true');
    assert.equal(features({ version: '1', criu: false }).annotations[annotation], 'false');
    assert.equal(findCriu({ PATH: '/nonexistent:/proc' }), undefined);
  });

  test('asks the kernel which filter flags it takes', () => {
    // In Linux since 3.17; no kernel has the other.
    assert.ok(kernelTakesFilterFlag('SECCOMP_FILTER_FLAG_TSYNC'));
    assert.ok(!kernelTakesFilterFlag('SECCOMP_FILTER_FLAG_NONE'));
    const { supportedFlags, knownFlags } = features({
      version: '1',
      takesFilterFlag: (name) => name.endsWith('_LOG'),
    }).linux.seccomp;
    assert.deepEqual(supportedFlags, ['SECCOMP_FILTER_FLAG_LOG']);
    assert.equal(knownFlags.length, 4);
  });
});
