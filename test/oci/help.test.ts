import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { newestRunc, noNewestRunc } from '../harness/runc.ts';
import { Box, whySkipped } from './box.ts';

const runc = newestRunc() ?? '';
const skip = whySkipped || (runc === '' && noNewestRunc);

/** The flags of a help text: every spelling, and whether it takes a value. */
function flagsIn(help: string): string[] {
  const lines = help.split('\n').filter((line) => /^ {3}-/.test(line));
  return lines
    .flatMap((line) => {
      const names = line.trim().split(/ {2,}/)[0]!;
      const value = names.includes(' value');
      return names.split(', ').map((name) => `${name.replace(' value', '')}${value ? ' VALUE' : ''}`);
    })
    .filter((name) => !/^(--help|-h)$/.test(name))
    .sort();
}

describe('help', { skip }, () => {
  const theirs = (...args: string[]) => execFileSync(runc, [...args, '--help'], { encoding: 'utf8' });
  const verbs = [...theirs().matchAll(/^ {3}([a-z]+) {2,}/gm)].map(([, verb]) => verb!);

  test('there is every verb of runc', async () => {
    await using box = new Box();
    const ours = await box.expect(['--help']);
    assert.ok(verbs.length >= 16, verbs.join());
    for (const verb of verbs) assert.match(ours, new RegExp(`^ {3}${verb} {2,}`, 'm'));
    assert.deepEqual(flagsIn(ours), flagsIn(theirs()));
  });

  test('every verb has the flags of runc', async () => {
    await using box = new Box();
    for (const verb of verbs) {
      assert.deepEqual(flagsIn(await box.expect([verb, '--help'])), flagsIn(theirs(verb)), verb);
      assert.equal(await box.expect(['help', verb]), await box.expect([verb, '-h']));
    }
  });

  test('version, features and spec say what tools read', async () => {
    await using box = new Box();
    assert.match(await box.expect(['--version']), /^berth-oci version \S+\nspec: 1\.3\.0\n/);
    const features = JSON.parse(await box.expect(['features'])) as { readonly ociVersionMax: string };
    assert.equal(features.ociVersionMax, '1.3.0');
    await box.expect(['spec'], { cwd: box.bundle });
    const spec = JSON.parse(readFileSync(path.join(box.bundle, 'config.json'), 'utf8')) as Record<string, unknown>;
    assert.equal(spec['ociVersion'], '1.3.0');
    await box.refuse(['spec', '--bundle', box.bundle], /exists/);
  });

  test('a spec that was just written runs', async () => {
    await using box = new Box();
    await box.expect(['spec', '--bundle', box.bundle]);
    const file = path.join(box.bundle, 'config.json');
    const spec = JSON.parse(readFileSync(file, 'utf8')) as Box['spec'];
    Object.assign(box.spec, spec, { process: { ...spec.process, terminal: false } });
    box.spec.linux.cgroupsPath = `${box.cgroupParent}/${box.id}`;
    box.script('echo hello');
    assert.equal(await box.expect(['run', '-b', box.bundle, box.id]), 'hello\n');
  });
});
