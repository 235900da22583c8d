import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { writeAtomically } from './atomic-file.ts';
import { loadContainer } from './container.ts';
import { containerIds, makeFolder, removeFolder } from './container-folder.ts';
import { checkContainerId } from './container-id.ts';
import { lockFolder } from './lock.ts';
import { identify, isAlive } from './process-identity.ts';
import { gateFile, readRecord, readSpec, type StateRecord, stateFile, writeRecord, writeSpec } from './record.ts';
import { defaultRoot, inUserNamespace } from './root-folder.ts';
import { summarize } from './summary.ts';

describe('the state folder', () => {
  let root: string;
  const record: StateRecord = {
    version: 1,
    id: 'one',
    ociVersion: '1.3.0',
    ...identify(process.pid)!,
    bundle: '/b',
    rootfs: '/b/rootfs',
    created: '2026-11-21T12:00:00.000Z',
    owner: 'root',
    cgroup: { layout: { version: 2, hierarchies: [], controllers: [] }, path: '/one' },
    rootless: false,
  };

  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'berth-oci-state-'))));
  afterEach(() => rmSync(root, { recursive: true }));

  it('takes the ids that runc takes', () => {
    for (const id of ['a', 'A_b+c.d-9', '...', '_', 'x'.repeat(255)]) assert.equal(checkContainerId(id), id);
    for (const id of ['', '.', '..', 'a/b', 'a b', 'é', 'a\n', 'x'.repeat(256)]) {
      assert.throws(() => checkContainerId(id), { kind: 'invalid_argument', code: 'bad_container_id' });
    }
  });

  it('gives an id to one container only', () => {
    makeFolder(root, 'one');
    assert.throws(() => makeFolder(root, 'one'), { kind: 'already_exists', message: /already exists/ });
    assert.deepEqual(containerIds(root), ['one']);
    assert.deepEqual(containerIds(join(root, 'absent')), []);
  });

  it('keeps what is written, large integers too', () => {
    const folder = makeFolder(root, 'one');
    writeRecord(folder, record);
    assert.deepEqual(readRecord(folder), record);
    const spec = { process: { rlimits: [{ type: 'RLIMIT_AS', soft: 18446744073709551615n, hard: 5 }] } };
    writeSpec(folder, spec as unknown as RuntimeSpec);
    assert.deepEqual(readSpec(folder), spec);
    assert.deepEqual(readdirSync(folder).sort(), ['config.json', 'state.json']);
  });

  it('tells a torn file from a missing one', () => {
    const folder = makeFolder(root, 'one');
    assert.equal(readRecord(folder), undefined);
    writeFileSync(join(folder, stateFile), '{"version":1,"id":');
    assert.throws(() => readRecord(folder), { kind: 'data_loss' });
    writeFileSync(join(folder, stateFile), '{"version":9}');
    assert.throws(() => readRecord(folder), { kind: 'data_loss' });
  });

  it('leaves the old file when the new one cannot be written', () => {
    const file = join(root, 'file');
    writeAtomically(file, 'old');
    assert.throws(() => writeAtomically(join(root, 'absent/file'), 'new'), { code: 'ENOENT' });
    assert.deepEqual(readdirSync(root), ['file']);
  });

  it('derives the status from the process and the gate', () => {
    const folder = makeFolder(root, 'one');
    assert.throws(() => loadContainer(root, 'one'), { kind: 'not_found', message: /does not exist/ });
    writeRecord(folder, { ...record, pid: 0 });
    assert.equal(loadContainer(root, 'one').status, 'creating');
    writeRecord(folder, record);
    assert.equal(loadContainer(root, 'one').status, 'running');
    writeFileSync(join(folder, gateFile), '');
    assert.equal(loadContainer(root, 'one').status, 'created');
  });

  it('never takes a reused pid for its own', () => {
    const folder = makeFolder(root, 'one');
    writeRecord(folder, { ...record, startTime: record.startTime - 1 });
    const container = loadContainer(root, 'one');
    assert.equal(container.status, 'stopped');
    assert.equal(summarize(container).pid, 0);
    assert.equal(isAlive({ pid: 0, startTime: 0 }), false);
    assert.equal(isAlive(record), true);
  });

  it('lets one command at a time change a container', async () => {
    const folder = makeFolder(root, 'one');
    const order: string[] = [];
    const first = await lockFolder(folder, 'one');
    const second = lockFolder(folder, 'one').then((lock) => {
      order.push('second');
      lock[Symbol.dispose]();
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    order.push('first');
    first[Symbol.dispose]();
    await second;
    assert.deepEqual(order, ['first', 'second']);
  });

  it('does not lock a folder that was removed meanwhile', async () => {
    const folder = makeFolder(root, 'one');
    const first = await lockFolder(folder, 'one');
    const second = lockFolder(folder, 'one');
    removeFolder(folder);
    makeFolder(root, 'two');
    first[Symbol.dispose]();
    await assert.rejects(second, { kind: 'not_found' });
    assert.ok(!existsSync(folder));
  });

  it('is in the session folder of a user without root', (test) => {
    if (process.geteuid?.() !== 0 || inUserNamespace()) return test.skip('needs root of the machine');
    assert.equal(defaultRoot({ XDG_RUNTIME_DIR: '/run/user/1000' }), '/run/berth-oci');
    assert.equal(inUserNamespace('0 1000 1\n'), true);
    assert.equal(inUserNamespace('         0          0 4294967295\n'), false);
  });
});
