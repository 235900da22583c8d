import { strict as assert } from 'node:assert';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPeer } from '../bench/peer/packages.ts';
import { Terminal } from '../harness/tty.ts';
import { Podman } from './podman.ts';
import { runtimeBinaries } from './runtime-binary.ts';

const whyNot =
  process.getuid?.() !== 0
    ? 'needs root'
    : findPeer('podman') === undefined
      ? 'there is no podman on this machine'
      : false;

for (const { name, program } of await runtimeBinaries()) {
  describe(`podman with ${name}`, { skip: whyNot }, () => {
    let podman: Podman;
    before(async () => {
      const opened = await Podman.open(program);
      assert.ok(opened !== undefined);
      podman = opened;
    });
    after(async () => {
      await podman[Symbol.asyncDispose]();
    });

    it('runs a container to its end and tells the exit code', async () => {
      const { code, stdout, stderr } = await podman.run(['--rm'], 'sh', '-c', 'echo out; echo err >&2; exit 7');
      assert.deepEqual([code, stdout, stderr], [7, 'out\n', 'err\n']);
    });

    it('gives it standard input', async () => {
      const args = ['run', '--network', 'none', '--rm', '-i', 'box', 'sh', '-c', 'read x; echo "got $x"'];
      assert.equal((await podman.podman(args, 'words\n')).stdout, 'got words\n');
    });

    it('runs it as a user, in a folder, with an environment, a volume and limits', async () => {
      const flags = [
        '--rm',
        '--user',
        '1000:1000',
        '--workdir',
        '/tmp',
        '--env',
        'A=b',
        '--volume',
        `${podman.home}:/host:ro`,
      ];
      const limits = [
        '--pids-limit',
        '50',
        '--memory',
        '64m',
        '--ulimit',
        'nofile=99:99',
        '--ulimit',
        'nproc=1024:1024',
        '--hostname',
        'named',
        '--read-only',
      ];
      const { stdout, stderr } = await podman.run(
        [...flags, ...limits],
        'sh',
        '-c',
        'id -u; pwd; echo $A; ls /host/image.tar; ulimit -n; hostname; touch /x 2>/dev/null || echo read-only',
      );
      assert.equal(stdout, '1000\n/tmp\nb\n/host/image.tar\n99\nnamed\nread-only\n', stderr);
    });

    it('gives it a terminal', async () => {
      const args = [
        'run',
        '--network',
        'none',
        '--rm',
        '-it',
        'box',
        'sh',
        '-c',
        'tty; stty size; read x; echo "got $x"; exit 3',
      ];
      await using terminal = new Terminal([...podman.command, ...args], { env: podman.env, rows: 30, columns: 100 });
      await terminal.until(/30 100/);
      terminal.type('typed\r');
      await terminal.until('got typed');
      assert.equal(await terminal.exit, 3);
    });

    it('shows its logs, its state and its processes', async () => {
      await podman.expect([
        'run',
        '--network',
        'none',
        '-d',
        '--name',
        'logs',
        'box',
        'sh',
        '-c',
        'echo said; sleep 100',
      ]);
      assert.equal(await podman.expect(['inspect', '--format', '{{.State.Status}}', 'logs']), 'running');
      for (let turn = 0; turn < 500 && (await podman.expect(['logs', 'logs'])) === ''; turn++) await sleep(20);
      assert.equal(await podman.expect(['logs', 'logs']), 'said');
      assert.match(await podman.expect(['top', 'logs']), /sleep 100/);
      await podman.expect(['rm', '--force', '--time', '0', 'logs']);
    });

    it('executes in a container, tells the exit code, with a terminal too', async () => {
      await podman.expect(['run', '--network', 'none', '-d', '--name', 'exec', 'box', 'sleep', '100']);
      const { code, stdout } = await podman.podman([
        'exec',
        '--env',
        'A=b',
        '--user',
        '5',
        'exec',
        'sh',
        '-c',
        'echo $A; id -u; exit 9',
      ]);
      assert.deepEqual([code, stdout], [9, 'b\n5\n']);
      await using terminal = new Terminal([...podman.command, 'exec', '-it', 'exec', 'sh', '-c', 'tty; exit 4'], {
        env: podman.env,
      });
      await terminal.until('/dev/pts/');
      assert.equal(await terminal.exit, 4);
      await podman.expect(['rm', '--force', '--time', '0', 'exec']);
    });

    it('stops, starts again, restarts, kills and waits', async () => {
      const script = 'trap "exit 5" TERM; echo up; while true; do sleep 0.05; done';
      await podman.expect(['run', '--network', 'none', '-d', '--name', 'stop', 'box', 'sh', '-c', script]);
      const count = async () =>
        (await podman.expect(['logs', 'stop'])).split('\n').filter((line) => line === 'up').length;
      const reach = async (wanted: number) => {
        for (let turn = 0; turn < 500 && (await count()) < wanted; turn++) await sleep(20);
        assert.equal(await count(), wanted);
      };
      await reach(1);
      await podman.expect(['stop', 'stop']);
      assert.equal(await podman.expect(['inspect', '--format', '{{.State.ExitCode}}', 'stop']), '5');
      await podman.expect(['start', 'stop']);
      await reach(2);
      await podman.expect(['restart', 'stop']);
      await reach(3);
      await podman.expect(['kill', 'stop']);
      assert.equal(await podman.expect(['wait', 'stop']), '137');
      await podman.expect(['rm', 'stop']);
    });

    it('pauses and goes on', async () => {
      await podman.expect(['run', '--network', 'none', '-d', '--name', 'pause', 'box', 'sleep', '100']);
      await podman.expect(['pause', 'pause']);
      assert.equal(await podman.expect(['inspect', '--format', '{{.State.Status}}', 'pause']), 'paused');
      await podman.expect(['unpause', 'pause']);
      assert.equal(await podman.expect(['inspect', '--format', '{{.State.Status}}', 'pause']), 'running');
      await podman.expect(['rm', '--force', '--time', '0', 'pause']);
    });

    it('checks the health of a container by executing in it', async () => {
      const health = ['--health-cmd', 'test -e /tmp/healthy', '--health-interval', 'disable', '--health-retries', '1'];
      await podman.expect(['run', '--network', 'none', '-d', '--name', 'health', ...health, 'box', 'sleep', '100']);
      assert.notEqual((await podman.podman(['healthcheck', 'run', 'health'])).code, 0);
      await podman.expect(['exec', 'health', 'touch', '/tmp/healthy']);
      await podman.expect(['healthcheck', 'run', 'health']);
      await podman.expect(['rm', '--force', '--time', '0', 'health']);
    });

    it('tells why a program cannot be run, with the codes of docker', async () => {
      const missing = await podman.run(['--rm'], '/no/such/program');
      assert.equal(missing.code, 127, missing.stderr);
      assert.match(missing.stderr, /no\/such\/program/);
      const forbidden = await podman.run(['--rm'], '/etc/passwd');
      assert.equal(forbidden.code, 126, forbidden.stderr);
    });

    it('runs two containers in one pod of namespaces', async () => {
      await podman.expect([
        'run',
        '--network',
        'none',
        '-d',
        '--name',
        'first',
        '--ipc',
        'shareable',
        'box',
        'sleep',
        '100',
      ]);
      const join = ['--pid', 'container:first', '--ipc', 'container:first', '--network', 'container:first'];
      const { stdout, stderr } = await podman.podman(['run', '--rm', ...join, 'box', 'ps']);
      assert.match(stdout, /sleep 100/, stderr);
      await podman.expect(['rm', '--force', '--time', '0', 'first']);
    });

    it('leaves nothing of a container that is removed', async () => {
      for (let turn = 0; turn < 2000 && podman.left().some((line) => !line.endsWith('/vfs')); turn++) await sleep(30);
      assert.deepEqual(
        podman.left().filter((line) => !/^mount .*\/root\/vfs$/.test(line)),
        [],
      );
    });
  });
}
