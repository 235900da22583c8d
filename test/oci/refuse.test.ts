import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Box, isPeer, type CallOptions, whySkipped } from './box.ts';

const skip = whySkipped || (isPeer ? 'our own words' : false);

describe('what is wrong is refused, and leaves nothing', { skip }, () => {
  const create = (box: Box, message: RegExp) => box.refuse(['create', '--bundle', box.bundle, box.id], message);

  test('a bundle that is not there, and one without a config', async () => {
    await using box = new Box();
    await box.refuse(['create', '-b', '/nosuch', box.id], /\/nosuch.*no such file or directory/);
    await box.refuse(['run', '-b', box.bundle, box.id], /config\.json/);
    await box.assertNothingLeft();
  });

  test('a config that is not JSON, or says what no spec says', async () => {
    await using box = new Box();
    writeFileSync(path.join(box.bundle, 'config.json'), '{"ociVersion": ');
    await create(box, /not JSON: line 1, column/);
    box.spec.process.cwd = 'relative';
    box.script('true');
    await create(box, /process\.cwd/);
    box.spec.process.cwd = '/';
    box.spec.linux.namespaces = box.spec.linux.namespaces.filter(({ type }) => type !== 'uts');
    box.script('true');
    await create(box, /hostname/);
    await box.assertNothingLeft();
  });

  test('a root file system that is not there', async () => {
    await using box = new Box();
    box.spec.root.path = 'absent';
    box.script('true');
    await create(box, /root\.path.*absent/);
    await box.assertNothingLeft();
  });

  test('a program that is not there, at create already, in the words that clients look for', async () => {
    await using box = new Box();
    const refused: readonly (readonly [string, RegExp])[] = [
      ['nosuch', /exec: \\"nosuch\\": executable file not found in \$PATH/],
      ['/nosuch', /stat \/nosuch: no such file or directory/],
      ['/etc/passwd', /permission denied/],
    ];
    for (const [program, message] of refused) {
      box.spec.process.args = [program];
      box.write();
      await create(box, message);
      await box.refuse(['run', '-b', box.bundle, box.id], message);
    }
    await box.assertNothingLeft();
  });

  test('a program of another format is told at start, and its container is stopped', async () => {
    await using box = new Box();
    writeFileSync(path.join(box.rootfs, 'bin/text'), 'no program', { mode: 0o755 });
    box.spec.process.args = ['text'];
    box.write();
    await box.create();
    await box.refuse(['start', box.id], /exec format error/);
    assert.equal((await box.state()).status, 'stopped');
  });

  test('a mount whose source is not there, named with its step', async () => {
    await using box = new Box();
    box.spec.mounts.push({ destination: '/data', type: 'bind', source: '/nosuch/source', options: ['bind'] });
    box.script('true');
    await create(box, /\/nosuch\/source.*no such file or directory.*\[step \d+/);
    await box.assertNothingLeft();
  });

  test('a cgroup value that the kernel does not take', async () => {
    await using box = new Box();
    box.spec.linux.resources = { cpu: { cpus: '4000-4001' } };
    box.script('true');
    await create(box, /4000-4001/);
    await box.assertNothingLeft();
  });

  test('a namespace that is not there', async () => {
    await using box = new Box();
    box.spec.linux.namespaces = [{ type: 'network', path: '/proc/1/ns/nosuch' }, { type: 'mount' }];
    delete box.spec.hostname;
    box.script('true');
    await create(box, /nosuch/);
    await box.assertNothingLeft();
  });

  test('a console socket, a pid file and a log that cannot be used', async () => {
    await using box = new Box();
    box.script('true');
    await box.refuse(['create', '-b', box.bundle, '--pid-file', '/nosuch/pid', box.id], /no such file or directory/);
    await box.assertNothingLeft();
    box.spec.process.terminal = true;
    box.script('true');
    await box.refuse(['create', '-b', box.bundle, '--console-socket', '/nosuch/c', box.id], /\/nosuch\/c/);
    await box.assertNothingLeft();
    const ran = await box.call(['list'], { globals: ['--log', '/nosuch/log', '--log-format', 'json'] });
    assert.notEqual(ran.code, 0);
  });

  test('ids that are none', async () => {
    await using box = new Box();
    box.script('true');
    for (const id of ['a/b', '..', '.', 'a b', '']) {
      await box.refuse(['create', '-b', box.bundle, id], /invalid id format/);
    }
    await box.assertNothingLeft();
  });

  test('verbs on a container that is not there', async () => {
    await using box = new Box();
    for (const verb of [
      'state',
      'start',
      'kill',
      'delete',
      'pause',
      'resume',
      'ps',
      'update',
      'events',
      'checkpoint',
    ]) {
      await box.refuse([verb, 'nosuch'], /container does not exist/);
    }
    await box.refuse(['exec', 'nosuch', 'true'], /container does not exist/, 255);
    await box.expect(['delete', '--force', 'nosuch']);
  });

  test('words that are no verb or flag, and arguments too few or too many', async () => {
    await using box = new Box();
    assert.equal((await box.call(['nosuch'])).code, 3);
    await box.refuse(['state', '--nosuch', 'x'], /flag provided but not defined: -nosuch/);
    await box.refuse(['state'], /requires exactly 1 argument/);
    await box.refuse(['state', 'a', 'b'], /requires exactly 1 argument/);
    await box.refuse(['exec'], /requires at least 1 argument/);
    await box.refuse(['create', '--bundle'], /flag needs an argument/);
    await box.refuse(['--rootless', 'perhaps', 'list'], /--rootless/);
    await box.refuse(['--log-format', 'xml', 'list'], /invalid log-format/);
  });

  test('the error is a JSON line in the log, and plain on standard error', async () => {
    await using box = new Box();
    const log = path.join(box.folder, 'log.json');
    const options: CallOptions = { globals: ['--log', log, '--log-format', 'json'] };
    const ran = await box.call(['state', 'nosuch'], options);
    assert.deepEqual([ran.code, ran.stderr], [1, 'container does not exist: nosuch\n']);
    await box.call(['exec', 'nosuch', 'x'], options);
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    const [first, second] = lines.map((line) => JSON.parse(line) as { level: string; msg: string; time: string });
    assert.deepEqual([first!.level, first!.msg], ['error', 'container does not exist: nosuch']);
    assert.match(first!.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.match(second!.msg, /^exec failed: /);
  });

  test('a state that is damaged hides no other container, and can be deleted', async () => {
    await using box = new Box();
    await box.running();
    mkdirSync(path.join(box.root, 'torn'));
    writeFileSync(path.join(box.root, 'torn/state.json'), '{"version":1,');
    const { code, stdout, stderr } = await box.call(['list', '-q']);
    assert.deepEqual([code, stdout], [0, `${box.id}\n`]);
    assert.match(stderr, /torn/);
    await box.refuse(['state', 'torn'], /not a container's state/);
    await box.expect(['delete', '--force', 'torn']);
    rmSync(path.join(box.root, 'torn'), { recursive: true, force: true });
  });
});
