import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExplainedStep, Explanation } from '@berth/wire/native/api';
import { whySkipped } from '../harness/engine.ts';
import { assertNothingLeft, type Belongings, belongings } from '../harness/leaks.ts';
import { assertFailed, containerEngine } from './container-engine.ts';

describe('the plan of a start', { skip: whySkipped }, () => {
  const box = containerEngine();

  async function explain(ref: string): Promise<Explanation> {
    return JSON.parse(await box.expect(['explain', '--format', 'json', ref])) as Explanation;
  }

  test('explain shows each step with its time, up to the program', async () => {
    await box.expect(['run', '--name', 'plain', '--memory', '32m', 'busybox', 'true']);
    const { steps, total, failed } = await explain('plain');
    assert.equal(failed, undefined);
    assert.ok(steps.length > 40, `${steps.length} steps`);
    assert.ok(steps.every(({ ran }) => ran));
    const sum = steps.reduce((time, { took }) => time + took, 0);
    assert.ok(sum > 0 && total > 0 && total < 10e9);
    for (const kind of ['execve', 'seccomp', 'pivot_root', 'sethostname', 'mount overlay']) {
      assert.ok(
        steps.some(({ text }) => text.includes(kind)),
        kind,
      );
    }
    const text = await box.expect(['explain', 'plain']);
    assert.match(text, /^Container [0-9a-f]{64}, started /);
    assert.match(text, /STEP +TRACK +TIME +WHAT/);
    assert.match(text, /\d+ +container +[\d.]+ ?[µmn]?s +execve/);
    assert.match(text, /total [\d.]+ ?ms/);
  });

  test('the step that failed is marked, with the remedy, and the ones after it did not run', async () => {
    assert.equal((await box.berth(['run', '--name', 'lost', 'busybox', 'absent'])).code, 127);
    const { steps, failed } = await explain('lost');
    assert.equal(failed?.errno, 'ENOENT');
    assert.match(steps[failed.record]?.text ?? '', /^execve/);
    assert.ok(steps.slice(failed.record + 1).every(({ ran }) => !ran));
    const text = await box.expect(['explain', 'lost']);
    assert.match(text, /^-> +\d+ +container .*FAILED: ENOENT$/m);
    assert.match(text, /^hint: looked in /m);
  });

  test('what never ran cannot be explained, and says so', async () => {
    await box.expect(['create', '--name', 'idle', 'busybox']);
    assertFailed(await box.berth(['explain', 'idle']), 1, /idle/);
    assertFailed(await box.berth(['explain', 'absent']), 1, /no such container: absent/);
  });

  test('the reasons that a user can mend are told with the step and the remedy', async () => {
    const stderr = async (...args: string[]) => (await box.berth(['run', '--rm', ...args])).stderr;
    assert.match(
      await stderr('busybox', 'absent'),
      /no such program absent.*\(step \d+, execve.*ENOENT\)\nhint: looked in/,
    );
    assert.match(await stderr('-u', 'ghost', 'busybox', 'true'), /unknown user ghost\nhint: .*\/etc\/passwd/);
    const mount = ['--mount', 'type=bind,source=/absent,target=/x'];
    assert.match(await stderr(...mount, 'busybox', 'true'), /source \/absent does not exist\nhint: create it/);
  });

  /** With most kinds of records in it. */
  const wishes = {
    image: 'busybox',
    command: ['true'],
    openStdin: true,
    tty: true,
    memory: 64 << 20,
    nanoCpus: 5e8,
    pidsLimit: 50,
    user: 'app:video',
    workingDir: '/made/folder',
    mounts: [{ source: '/etc/hostname', target: '/deep/file', readonly: true }],
    tmpfs: [{ target: '/scratch', options: [] }],
    readonlyRootfs: true,
    ulimits: [{ name: 'nofile', soft: 100, hard: 100 }],
    sysctls: { 'net.ipv4.ip_forward': '0' },
    noNewPrivileges: true,
    oomScoreAdj: 100,
  };

  test('a failure at any record of the plan is named by its step and leaves nothing behind', async () => {
    const { containers } = box.client;
    await containers.create({ ...wishes, name: 'whole' });
    await containers.start('whole');
    assert.equal((await containers.wait('whole')).exitCode, 0);
    const { steps } = await containers.explain('whole');
    await containers.remove('whole');
    const clean = belongings(box.engine);
    const wrong: string[] = [];
    for (const step of steps) {
      const name = `fails-${step.index}`;
      await containers.create({ ...wishes, name, injectFailure: step.index });
      const made = belongings(box.engine);
      const error = await containers.start(name).then(
        () => undefined,
        (failure: Error) => failure,
      );
      const complaints = step.text.endsWith('(may fail)')
        ? await checkTolerated(name, { step, error })
        : await checkFailed(name, { step, error, made });
      wrong.push(...complaints.map((complaint) => `${step.index} ${step.text}: ${complaint}`));
      await containers.remove(name);
    }
    assert.deepEqual(wrong, []);
    await assertNothingLeft(box.engine, clean);
  });

  interface Tried {
    readonly step: ExplainedStep;
    readonly error: Error | undefined;
  }

  async function checkFailed(name: string, { step, error, made }: Tried & { made: Belongings }): Promise<string[]> {
    const { id, status, state } = await box.client.containers.inspect(name);
    // Written a moment after the answer, so it may not be there yet.
    const record = `${box.engine.root}/containers/${id}/start.json`;
    const kept = { ...made, file: [...(made['file'] ?? []), ...ownFiles(made), record] };
    const left = await assertNothingLeft(box.engine, kept).catch((failure: Error) => failure.message);
    const { failed } = await box.client.containers.explain(name);
    return [
      ...(error?.message.includes(`step ${step.index},`) === true ? [] : [`told as ${error?.message}`]),
      ...(status === 'created' && state.pid === 0 ? [] : [`is ${status}`]),
      ...(left === undefined ? [] : [left]),
      ...(failed?.record === step.index ? [] : [`explained as ${failed?.record}`]),
    ];
  }

  /** What need not work on every kernel: the container runs, and explain still shows it. */
  async function checkTolerated(name: string, { step, error }: Tried): Promise<string[]> {
    if (error !== undefined) return [`not tolerated: ${error.message}`];
    await box.client.containers.wait(name);
    const { steps, failed } = await box.client.containers.explain(name);
    return failed === undefined && steps[step.index]?.errno !== undefined ? [] : ['not shown as tolerated'];
  }

  /** What a container keeps until it is removed: the record of its start, its log, mount points in its own layer. */
  function ownFiles({ file: before = [] }: Belongings): string[] {
    const { file: now = [] } = belongings(box.engine);
    return now.filter((file) => !before.includes(file) && file.startsWith(`${box.engine.root}/`));
  }

  test('after a failed start the same container starts, once the reason is gone', async () => {
    const { containers } = box.client;
    const source = box.file('source', 'here');
    await box.expect(['create', '--name', 'mended', '-v', `${source}:/x`, 'busybox', 'cat', '/x']);
    const { renameSync } = await import('node:fs');
    renameSync(source, `${source}.away`);
    await assert.rejects(containers.start('mended'), { code: 'start_failed' });
    renameSync(`${source}.away`, source);
    assert.equal(await box.expect(['start', '-a', 'mended']), 'here');
    assert.equal((await box.inspect('mended')).state.error, '');
  });

  test('with --rm a start that fails removes the container', async () => {
    for (const flags of [[], ['-d']]) {
      const ran = await box.berth([
        'run',
        ...flags,
        '--rm',
        '--name',
        'brief',
        '--inject-failure',
        '20',
        'busybox',
        'true',
      ]);
      assertFailed(ran, 125, /step 20/);
      assert.equal(await box.expect(['ps', '-aq']), '');
    }
  });

  test('without --rm a container whose start failed stays, as created, with the reason', async () => {
    assert.equal((await box.berth(['run', '--name', 'kept', '--inject-failure', '20', 'busybox', 'true'])).code, 125);
    const { state } = await box.inspect('kept');
    assert.deepEqual([state.status, state.exitCode], ['created', 128]);
    assert.match(state.error, /step 20/);
    assert.equal(await box.expect(['ps', '-a', '--format', '{{.Status}}']), 'Created');
  });
});
