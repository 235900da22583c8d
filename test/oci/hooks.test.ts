import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Box, isPeer, whySkipped } from './box.ts';

const kinds = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const;

/** A hook that writes its name and its state to a file of the host, or of the container. */
function hook(box: Box, kind: string) {
  const file = kind === 'startContainer' ? '/tmp/hooks' : path.join(box.rootfs, 'tmp/hooks');
  const script = `echo ${kind} $(cat) >> ${file}`;
  return { path: '/bin/sh', args: ['sh', '-c', script], env: ['PATH=/usr/bin:/bin'] };
}

/** The kinds that ran, in their order, and the status and pid that each was told. */
function ran(box: Box): { kind: string; status: string; pid?: number; id: string; bundle: string }[] {
  const file = path.join(box.rootfs, 'tmp/hooks');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const at = line.indexOf(' ');
    return {
      kind: line.slice(0, at),
      ...(JSON.parse(line.slice(at)) as { status: string; id: string; bundle: string }),
    };
  });
}

describe('hooks', { skip: whySkipped }, () => {
  test(
    'run in their order, each with the state of its moment',
    { skip: isPeer && 'runc runs poststart at create' },
    async () => {
      await using box = new Box();
      box.spec.hooks = Object.fromEntries(kinds.map((kind) => [kind, [hook(box, kind)]]));
      box.script('sleep 1000');
      await box.create();
      const { pid } = await box.state();
      assert.deepEqual(
        ran(box).map(({ kind }) => kind),
        ['prestart', 'createRuntime', 'createContainer'],
      );
      await box.expect(['start', box.id]);
      await box.stop();
      await box.expect(['delete', box.id]);
      const all = ran(box);
      assert.deepEqual(
        all.map(({ kind }) => kind),
        kinds,
      );
      assert.deepEqual(
        all.map(({ status }) => status),
        ['creating', 'creating', 'creating', 'created', 'running', 'stopped'],
      );
      for (const one of all) assert.deepEqual([one.id, one.bundle], [box.id, box.bundle]);
      for (const kind of ['prestart', 'createRuntime', 'poststart']) {
        assert.equal(all.find((one) => one.kind === kind)?.pid, pid, kind);
      }
    },
  );

  for (const kind of ['prestart', 'createRuntime', 'createContainer'] as const) {
    test(`a ${kind} hook that fails undoes the create, and says why`, async () => {
      await using box = new Box();
      box.spec.hooks = { [kind]: [{ path: '/bin/sh', args: ['sh', '-c', 'echo because >&2; exit 3'] }] };
      box.script('true');
      const { stderr } = await box.refuse(['create', '-b', box.bundle, box.id], /hook/);
      assert.match(stderr, /because/);
      await box.assertNothingLeft();
    });
  }

  test(
    'a startContainer hook that fails keeps the program from running',
    { skip: isPeer && 'runc does not tell' },
    async () => {
      await using box = new Box();
      box.spec.hooks = { startContainer: [{ path: '/bin/false' }] };
      box.script('touch /tmp/ran');
      await box.create();
      await box.refuse(['start', box.id], /./);
      await box.reach('stopped');
      assert.ok(!existsSync(path.join(box.rootfs, 'tmp/ran')));
    },
  );

  test(
    'a hook that hangs is ended after its timeout, with what it started',
    { skip: isPeer && 'runc waits for its children' },
    async () => {
      await using box = new Box();
      const hanging = { path: '/bin/sh', args: ['sh', '-c', `sleep 997; : ${box.id}`], timeout: 1 };
      for (const kind of ['createRuntime', 'createContainer']) {
        box.spec.hooks = { [kind]: [hanging] };
        box.script('true');
        await box.refuse(['create', '-b', box.bundle, box.id], /hook/);
        await box.assertNothingLeft();
      }
    },
  );

  test('a hook that is not there is named', async () => {
    await using box = new Box();
    box.spec.hooks = { createRuntime: [{ path: '/nosuch/hook' }] };
    box.script('true');
    await box.refuse(['create', '-b', box.bundle, box.id], /\/nosuch\/hook/);
    await box.assertNothingLeft();
  });

  test(
    'poststart and poststop hooks that fail are told of and change nothing',
    { skip: isPeer && 'runc stops at a failed poststart hook' },
    async () => {
      await using box = new Box();
      const bad = { path: '/bin/sh', args: ['sh', '-c', 'exit 1'] };
      box.spec.hooks = { poststart: [bad, hook(box, 'poststart')], poststop: [bad, hook(box, 'poststop')] };
      box.script('sleep 1000');
      await box.create();
      const started = await box.call(['start', box.id]);
      assert.equal(started.code, 0);
      assert.match(started.stderr, /level=warning.*hook/);
      await box.stop();
      const deleted = await box.call(['delete', box.id]);
      assert.equal(deleted.code, 0);
      assert.deepEqual(
        ran(box).map(({ kind }) => kind),
        ['poststart', 'poststop'],
      );
      await box.assertNothingLeft();
    },
  );

  test('hooks of the host run in the bundle, with their environment and no other', async () => {
    await using box = new Box();
    const script = path.join(box.folder, 'hook.sh');
    writeFileSync(script, '#!/bin/sh\n{ pwd; echo "A=$A HOME=$HOME"; } > seen\n');
    chmodSync(script, 0o755);
    box.spec.hooks = { createRuntime: [{ path: script, env: ['A=b', 'PATH=/bin'] }] };
    box.script('true');
    await box.create();
    assert.equal(readFileSync(path.join(box.bundle, 'seen'), 'utf8'), `${box.bundle}\nA=b HOME=\n`);
  });
});
