import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Terminal } from '../harness/tty.ts';
import { Box, program, until, whySkipped } from './box.ts';

describe('exec', { skip: whySkipped }, () => {
  test('gives back what the program says and its exit code', async () => {
    await using box = new Box();
    await box.running();
    const ran = await box.call(['exec', box.id, 'sh', '-c', 'cat; echo err >&2; exit 9'], { input: 'in' });
    assert.deepEqual(ran, { code: 9, stdout: 'in', stderr: 'err\n' });
    const killed = await box.call(['exec', box.id, 'sh', '-c', 'kill -9 $$']);
    assert.equal(killed.code, 137);
  });

  test('runs in the container: its processes, its host name, its root, its cgroup', async () => {
    await using box = new Box();
    await box.running();
    const said = await box.expect(['exec', box.id, 'sh', '-c', 'hostname; cat /proc/1/cmdline; cat /proc/self/cgroup']);
    assert.match(said, /^box\nsleep\0/);
    assert.ok(said.includes(`/${box.id}`), said);
  });

  test('takes environment, folder, user, groups and capabilities from flags', async () => {
    await using box = new Box();
    await box.running();
    const flags = ['--env', 'A=1', '--env', 'B=2', '--cwd', '/tmp', '--user', '5:6', '-g', '7', '-c', 'CAP_SYS_NICE'];
    const script = 'echo $A $B $(pwd) $(id -u) $(id -g) $(id -G); grep CapBnd /proc/self/status';
    const [first, bounding] = (await box.expect(['exec', ...flags, box.id, 'sh', '-c', script])).split('\n');
    assert.deepEqual([...new Set(first!.split(' '))], ['1', '2', '/tmp', '5', '6', '7']);
    const mask = BigInt(`0x${bounding!.split(/\s+/)[1]}`);
    assert.equal((mask >> 23n) & 1n, 1n, 'CAP_SYS_NICE is there');
    assert.equal((mask >> 21n) & 1n, 0n, 'CAP_SYS_ADMIN is not');
  });

  test('takes the whole process from a file', async () => {
    await using box = new Box();
    await box.running();
    const file = path.join(box.folder, 'process.json');
    const process = { ...box.spec.process, args: ['sh', '-c', 'echo $X; pwd'], env: ['PATH=/bin', 'X=y'], cwd: '/etc' };
    writeFileSync(file, JSON.stringify(process));
    assert.equal(await box.expect(['exec', '--process', file, box.id]), 'y\n/etc\n');
    writeFileSync(file, '{"args": [');
    await box.refuse(['exec', '-p', file, box.id], /exec failed/, 255);
  });

  test('has the HOME of its user in the passwd file of the container', async () => {
    await using box = new Box();
    box.spec.process.env = ['PATH=/usr/bin:/bin'];
    const passwd = path.join(box.folder, 'passwd');
    writeFileSync(passwd, 'root:x:0:0::/first:/bin/sh\nother:x:5:5::/of/other:/bin/sh\n');
    box.spec.mounts.push({ destination: '/etc/passwd', source: passwd, options: ['bind'] });
    await box.running('echo $HOME > /tmp/home; exec sleep 1000');
    await until(
      () => readFileSync(path.join(box.rootfs, 'tmp/home'), { encoding: 'utf8', flag: 'a+' }) !== '',
      'it ran',
    );
    assert.equal(readFileSync(path.join(box.rootfs, 'tmp/home'), 'utf8'), '/first\n');
    assert.equal(await box.expect(['exec', '--user', '5', box.id, 'sh', '-c', 'echo $HOME']), '/of/other\n');
    assert.equal(await box.expect(['exec', '--user', '6', box.id, 'sh', '-c', 'echo $HOME']), '/\n');
    assert.equal(await box.expect(['exec', '--env', 'HOME=/mine', box.id, 'sh', '-c', 'echo $HOME']), '/mine\n');
  });

  test('is not held up by a pipe in place of the passwd file', { timeout: 120_000 }, async () => {
    await using box = new Box();
    box.spec.process.env = ['PATH=/usr/bin:/bin'];
    rmSync(path.join(box.rootfs, 'etc/passwd'));
    execFileSync('mkfifo', [path.join(box.rootfs, 'etc/passwd')]);
    await box.running();
    assert.equal(await box.expect(['exec', box.id, 'sh', '-c', 'echo $HOME']), '/\n');
  });

  test('leaves out a capability that nobody knows, and says so', async () => {
    await using box = new Box();
    await box.running();
    const ran = await box.call(['exec', '--cap', 'CAP_NO_SUCH', '--cap', 'CAP_SYS_NICE', box.id, 'true']);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /level=warning.*CAP_NO_SUCH/);
    assert.doesNotMatch(ran.stderr, /CAP_SYS_NICE/);
  });

  test('goes into cgroups below that of the container', async (t) => {
    await using box = new Box();
    await box.running();
    const [pids, memory] = ['pids', 'memory'].map((name) => `/sys/fs/cgroup/${name}${box.spec.linux.cgroupsPath}`);
    if (!existsSync(pids!)) return t.skip('no hierarchies of cgroup v1 here');
    mkdirSync(`${pids}/below`);
    mkdirSync(`${memory}/below`);
    const lines = async (...flags: string[]) => {
      const text = await box.expect(['exec', ...flags, box.id, 'cat', '/proc/self/cgroup']);
      return (name: string) => text.split('\n').find((line) => line.includes(`:${name}:`))!;
    };
    const some = await lines('--cgroup', 'pids:below');
    assert.match(some('pids'), /\/below$/);
    assert.match(some('memory'), new RegExp(`/${box.id}$`));
    await box.refuse(['exec', '--cgroup', 'pids:../..', box.id, 'true'], /leaves the container's cgroup/, 255);
    await box.refuse(['exec', '--cgroup', 'pids:absent', box.id, 'true'], /absent/, 255);
  });

  test('gets no descriptors of socket activation: they are for the first process', async () => {
    await using box = new Box();
    await box.running();
    const fd = openSync('/dev/null', 'r');
    const activated = ['sh', '-c', 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"', 'sh'];
    const words = ['exec', box.id, 'sh', '-c', 'ls /proc/self/fd; echo $LISTEN_FDS'];
    const ran = await box.call(words, { prefix: activated, descriptors: [fd] });
    closeSync(fd);
    // 3 is the folder that ls reads.
    assert.equal(ran.stdout, '0\n1\n2\n3\n\n', ran.stderr);
  });

  test('detached leaves the process behind, with its number in a file', async () => {
    await using box = new Box();
    await box.running();
    const file = path.join(box.folder, 'pid');
    await box.expect(['exec', '--detach', '--pid-file', file, box.id, 'sleep', '999']);
    const pids = JSON.parse(await box.expect(['ps', '-f', 'json', box.id])) as number[];
    assert.ok(pids.includes(Number(readFileSync(file, 'utf8'))), pids.join());
    assert.equal(pids.length, 2);
  });

  test('hands descriptors on', async () => {
    await using box = new Box();
    await box.running();
    const file = path.join(box.folder, 'handed');
    writeFileSync(file, 'handed');
    const fd = openSync(file, 'r');
    const ran = await box.call(['exec', '--preserve-fds', '1', box.id, 'sh', '-c', 'cat <&3'], { descriptors: [fd] });
    closeSync(fd);
    assert.equal(ran.stdout, 'handed', ran.stderr);
  });

  test('serves the terminal of the process with its own', async () => {
    await using box = new Box();
    await box.running();
    const argv = [program, '--root', box.root, 'exec', '--tty', box.id, 'sh', '-c', 'stty size; read x; echo got $x'];
    await using terminal = new Terminal(argv, { rows: 31, columns: 91 });
    await terminal.until('31 91');
    terminal.type('it\r');
    await terminal.until('got it');
    assert.equal(await terminal.exit, 0);
  });

  test('a program that is not there, or cannot be run, is told in the words that clients look for', async () => {
    await using box = new Box();
    await box.running();
    writeFileSync(path.join(box.rootfs, 'tmp/text'), 'no program', { mode: 0o755 });
    const refused: readonly (readonly [string, RegExp])[] = [
      ['nosuch', /executable file not found in \$PATH/],
      ['/nosuch', /no such file or directory/],
      ['/etc/passwd', /permission denied/],
      ['/tmp/text', /exec format error/],
    ];
    for (const [name, message] of refused) await box.refuse(['exec', box.id, name], message, 255);
    await box.refuse(['exec', '--cwd', '/nosuch', box.id, 'true'], /no such file or directory/, 255);
    await box.refuse(['exec', box.id], /exec failed: .*args cannot be empty/, 255);
  });

  test('is refused where nothing runs', async () => {
    await using box = new Box();
    await box.running();
    await box.stop();
    await box.refuse(['exec', box.id, 'true'], /cannot exec in a stopped container/, 255);
    await box.expect(['delete', box.id]);
    await box.refuse(['exec', box.id, 'true'], /container does not exist/, 255);
  });

  test('is refused in a paused container unless that is wanted', async () => {
    await using box = new Box();
    await box.running();
    await box.expect(['pause', box.id]);
    await box.refuse(['exec', box.id, 'true'], /cannot exec in a paused container/, 255);
    const file = path.join(box.folder, 'pid');
    const at = path.join(box.folder, 'paused');
    box.start(['exec', '--ignore-paused', '--detach', '--pid-file', file, box.id, 'sleep', '7'], at);
    await box.expect(['resume', box.id]);
    await until(async () => (await box.expect(['ps', box.id])).includes('sleep 7'), 'the process is there');
  });

  test('processes of a container go with it', async () => {
    await using box = new Box();
    await box.running();
    await box.expect(['exec', '-d', box.id, 'sleep', '999']);
    await box.expect(['delete', '--force', box.id]);
    await box.assertNothingLeft();
  });
});
