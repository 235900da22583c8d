import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { detectCgroups } from '@berth/runtime/cgroup/detect';
import { features } from '@berth/runtime/features/features';
import { template } from '@berth/runtime/template/template';
import { newestRunc } from '../harness/runc.ts';
import { validateRootless, validateSpec } from '@berth/runtime/validate/validate';

/** The newest runc there is: the features of older ones lack members of 1.3. */
const peers = [newestRunc() ?? '', 'runc'];

let folder: string;
let runc: string | undefined;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-spec-'));
  runc = peers.find((peer) => /^runc version 1\.[5-9]/.test(run(peer, '--version')));
});

after(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, ...args: readonly string[]): string {
  return spawnSync(program, args, { cwd: folder, encoding: 'utf8' }).stdout ?? '';
}

/** What runc writes, and not as our types know it: a text. */
function written(...args: readonly string[]): RuntimeSpec {
  run(runc!, 'spec', ...args);
  const spec = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as RuntimeSpec;
  rmSync(join(folder, 'config.json'));
  return spec;
}

/** The host name is the program's own name. */
const comparable = (spec: RuntimeSpec) => ({ ...(JSON.parse(JSON.stringify(spec)) as RuntimeSpec), hostname: '' });

/** Every member of a tree by its path, lists taken as a whole. */
function members(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, each]) => members(each, `${path}/${key}`));
}

describe('compared with runc 1.5', () => {
  test('the template is the same', (t) => {
    if (runc === undefined) return t.skip('no runc 1.5 or newer is installed');
    const { version } = detectCgroups();
    const peer = written();
    assert.deepEqual(comparable(template({ cgroupVersion: version })), comparable(peer));
    assert.deepEqual(validateSpec(peer).warnings, []);
  });

  test('the template without root is the same', (t) => {
    if (runc === undefined) return t.skip('no runc 1.5 or newer is installed');
    const { version } = detectCgroups();
    const rootless = { uid: process.geteuid!(), gid: process.getegid!() };
    const peer = written('--rootless');
    assert.deepEqual(comparable(template({ cgroupVersion: version, rootless })), comparable(peer));
    validateRootless(validateSpec(peer).spec);
  });

  test('features have the same members, annotations apart', (t) => {
    if (runc === undefined) return t.skip('no runc 1.5 or newer is installed');
    const { annotations: _, ...own } = features({ version: '0.1.0' });
    const { annotations: __, ...peer } = JSON.parse(run(runc, 'features')) as Record<string, unknown>;
    assert.deepEqual(members(own).toSorted(), members(peer).toSorted());
  });

  test('capabilities, namespaces, hooks, the words of seccomp and mount options are the same', (t) => {
    if (runc === undefined) return t.skip('no runc 1.5 or newer is installed');
    const own = features({ version: '0.1.0' });
    const peer = JSON.parse(run(runc, 'features')) as typeof own;
    assert.deepEqual(own.hooks, peer.hooks);
    assert.deepEqual(own.linux.namespaces, peer.linux.namespaces);
    assert.deepEqual(own.linux.capabilities, peer.linux.capabilities);
    assert.deepEqual(own.linux.memoryPolicy, peer.linux.memoryPolicy);
    assert.deepEqual(
      peer.mountOptions.filter((option) => !own.mountOptions.includes(option)),
      [],
    );
    for (const list of ['actions', 'operators', 'knownFlags'] as const) {
      assert.deepEqual([...own.linux.seccomp[list]].toSorted(), [...peer.linux.seccomp[list]].toSorted(), list);
    }
  });
});
