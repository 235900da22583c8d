import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { assertFailed, containerEngine } from './container-engine.ts';

describe('berth run', { skip: whySkipped }, () => {
  const box = containerEngine();

  test('the exit code is the program’s own, and 128 plus the signal that killed it', async () => {
    for (const code of [0, 7, 255]) assert.equal((await box.sh(`exit ${code}`)).code, code);
    // A first process is killed by no signal of its own: one from a child’s death is passed on by the shell.
    assert.equal((await box.sh('sh -c "kill -TERM \\$\\$"; exit $?')).code, 143);
    const id = await box.expect(['run', '-d', 'busybox', 'sleep', '1000']);
    await box.expect(['kill', id]);
    assert.equal(await box.expect(['wait', id]), '137');
  });

  test('a program that is not there gives 127, one that cannot be run 126, anything else 125', async () => {
    assertFailed(await box.berth(['run', '--rm', 'busybox', 'absent']), 127, /no such program absent in the image/);
    assertFailed(await box.berth(['run', '--rm', 'busybox', '/bin/absent']), 127, /no such program \/bin\/absent/);
    assertFailed(await box.berth(['run', '--rm', 'busybox', '/etc/passwd']), 126, /cannot run \/etc\/passwd: EACCES/);
    assertFailed(await box.berth(['run', '--rm', 'busybox', '/tmp']), 126, /cannot run \/tmp: EACCES/);
    assertFailed(
      await box.berth(['run', '--pull=never', 'absent']),
      125,
      /unable to find image .absent:latest. locally/,
    );
    assertFailed(await box.berth(['run', '--rm', '--no-such', 'busybox']), 125, /unknown flag: --no-such/);
  });

  test('-d prints the id and leaves the container running', async () => {
    const { code, stdout, stderr } = await box.berth(['run', '-d', '--name', 'back', 'busybox', 'sleep', '1000']);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^[0-9a-f]{64}\n$/);
    assert.equal((await box.inspect('back')).status, 'running');
  });

  test('without --rm the container stays, with --rm it is gone when the command returns', async () => {
    assert.equal((await box.berth(['run', '--name', 'kept', 'busybox', 'true'])).code, 0);
    assert.equal((await box.inspect('kept')).status, 'exited');
    for (let round = 0; round < 3; round++) {
      assert.equal((await box.sh('exit 3', ['--name', 'same'])).code, 3);
    }
    assert.equal(await box.expect(['ps', '-a', '--format', '{{.Names}}']), 'kept');
  });

  test('input is delivered to its last byte, then ends; output and errors stay apart', async () => {
    const input = 'x'.repeat(300_000);
    const { stdout } = await box.sh('wc -c; echo more', ['-i'], { input });
    assert.equal(stdout.replaceAll(' ', ''), '300000\nmore\n');
    const { stdout: out, stderr } = await box.sh('echo out; echo err >&2; echo -n end');
    assert.deepEqual([out, stderr], ['out\nend', 'err\n']);
  });

  test('without -i the program has no input', async () => {
    assert.equal(await box.print('wc -c; readlink /proc/self/fd/0', [], { input: 'lost' }), '0\n/dev/null');
  });

  test('the output of a program that ends at once is complete', async () => {
    const outputs = await Promise.all(Array.from({ length: 6 }, (_, n) => box.print(`echo -n ${n}`)));
    assert.deepEqual(outputs, ['0', '1', '2', '3', '4', '5']);
  });

  test('--name is taken once; a failed create leaves the first one alone', async () => {
    await box.expect(['run', '-d', '--name', 'mine', 'busybox', 'sleep', '1000']);
    assertFailed(await box.berth(['run', '--name', 'mine', 'busybox', 'true']), 125, /name 'mine' is already in use/);
    assertFailed(await box.berth(['create', '--name', 'mine', 'busybox']), 1, /name 'mine' is already in use/);
    assertFailed(await box.berth(['run', '--name', '-x', 'busybox', 'true']), 125, /invalid container name '-x'/);
    assert.equal(await box.expect(['ps', '--format', '{{.Names}} {{.State}}']), 'mine running');
  });

  test('two creates at once with the same name: one of them has it', async () => {
    const ran = await Promise.all([1, 2, 3].map(() => box.berth(['create', '--name', 'race', 'busybox'])));
    assert.deepEqual(ran.map(({ code }) => code).toSorted(), [0, 1, 1]);
    assert.equal(await box.expect(['ps', '-a', '--format', '{{.Names}}']), 'race');
  });

  test('-e sets, inherits and overrides; --env-file comes before it', async () => {
    const file = box.file('env', '# comment\n\nA=file\nB=from file \nINHERITED\n');
    const env = { INHERITED: 'client', HERE: 'seen' };
    const flags = ['-e', 'A=flag', '--env-file', file, '-e', 'HERE', '-e', 'ABSENT', '-e', 'EMPTY=', '-e', 'EQ=a=b'];
    const lines = (await box.print('env', flags, { env })).split('\n');
    for (const line of ['A=flag', 'B=from file ', 'INHERITED=client', 'HERE=seen', 'EMPTY=', 'EQ=a=b']) {
      assert.ok(lines.includes(line), `${line} in ${lines.join('|')}`);
    }
    assert.ok(!lines.some((line) => line.startsWith('ABSENT')));
    assertFailed(await box.sh('true', ['-e', '=x']), 125, /invalid environment variable: =x/);
    assertFailed(await box.sh('true', ['--env-file', '/absent']), 125, /cannot read the environment file \/absent/);
  });

  test('PATH, HOSTNAME and HOME are there when nobody gave them, TERM with a terminal alone', async () => {
    const lines = (await box.print('env', ['-h', 'boat', '-u', 'app'])).split('\n').toSorted();
    const search = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    assert.deepEqual(
      lines.filter((line) => !/^(SHLVL|PWD)=/.test(line)),
      ['HOME=/home', 'HOSTNAME=boat', search],
    );
  });

  test('-w is where the program begins; a missing folder is made', async () => {
    assert.equal(await box.print('pwd', ['-w', '/tmp']), '/tmp');
    assert.equal(await box.print('pwd; stat -c %a:%u /new /new/deep', ['-w', '/new/deep']), '/new/deep\n755:0\n755:0');
    assertFailed(await box.sh('pwd', ['-w', 'relative']), 125, /working directory 'relative'.* absolute/);
    assertFailed(await box.sh('pwd', ['-w', '/etc/passwd']), 125, /\/etc\/passwd is not a folder/);
  });

  test('-u takes names and numbers, with and without a group', async () => {
    const id = (user: string) => box.print('id -u; id -g; id -G', ['-u', user]);
    assert.equal(await id('app'), '1000\n1000\n1000 1 44');
    assert.equal(await id('1000'), '1000\n1000\n1000 1 44');
    assert.equal(await id('app:video'), '1000\n44\n44');
    assert.equal(await id('1234'), '1234\n0\n0');
    assert.equal(await id('1234:5678'), '1234\n5678\n5678');
    assertFailed(await box.sh('id', ['-u', 'nobody-here']), 125, /unknown user nobody-here/);
    assertFailed(await box.sh('id', ['-u', 'app:none']), 125, /unknown group none/);
  });

  test('--entrypoint replaces the image’s, and its command with it', async () => {
    await box.load('greeter', { run: { Entrypoint: ['echo', 'hello'], Cmd: ['world'], Env: ['PATH=/bin'] } });
    assert.equal(await box.expect(['run', '--rm', 'greeter']), 'hello world');
    assert.equal(await box.expect(['run', '--rm', 'greeter', 'you']), 'hello you');
    assert.equal(await box.expect(['run', '--rm', '--entrypoint', 'echo', 'greeter']), '');
    assert.equal(await box.expect(['run', '--rm', '--entrypoint', 'echo', 'greeter', 'me']), 'me');
    assert.equal(await box.expect(['run', '--rm', '--entrypoint', '', 'greeter', 'echo', 'bare']), 'bare');
    assertFailed(await box.berth(['run', '--rm', '--entrypoint', '', 'greeter']), 125, /no command specified/);
  });

  test('the image’s user, folder, variables and stop signal hold where nothing else is said', async () => {
    const run = { User: 'app:video', WorkingDir: '/var/log', Env: ['PATH=/bin', 'OWN=image'], StopSignal: 'SIGUSR1' };
    await box.load('settings', { run });
    const script = 'id -u; id -g; pwd; echo $OWN';
    assert.equal(await box.expect(['run', '--rm', 'settings', 'sh', '-c', script]), '1000\n44\n/var/log\nimage');
    await box.expect(['create', '--name', 'quiet', 'settings']);
    assert.equal(await box.expect(['inspect', '-f', '{{.Config.StopSignal}}', 'quiet']), 'SIGUSR1');
  });

  test('--cidfile gets the id, and one that exists is refused before anything is made', async () => {
    const file = path.join(box.folder, 'cid');
    const id = await box.expect(['run', '-d', '--cidfile', file, 'busybox', 'true']);
    assert.equal(readFileSync(file, 'utf8'), id);
    assertFailed(await box.berth(['run', '--cidfile', file, 'busybox', 'true']), 125, /cid/);
    assert.equal((await box.expect(['ps', '-aq'])).split('\n').length, 1);
  });

  test('a signal to the command reaches the program', async () => {
    const script = 'trap "echo caught; exit 9" TERM; echo ready; while :; do sleep 0.05; done';
    const { argv, env } = box.engine.command(['run', '--rm', 'busybox', 'sh', '-c', script]);
    const { spawn } = await import('node:child_process');
    const child = spawn(argv[0]!, argv.slice(1), { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let shown = '';
    for await (const chunk of child.stdout) {
      shown += String(chunk);
      if (shown === 'ready\n') child.kill('SIGTERM');
    }
    assert.equal(shown, 'ready\ncaught\n');
    if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
    assert.equal(child.exitCode, 9);
  });
});
