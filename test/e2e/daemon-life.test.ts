import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, linkSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { describe, test } from 'node:test';
import { cgroupFoldersOf } from '../harness/cgroup-folders.ts';
import { whySkipped } from '../harness/engine.ts';
import { DaemonHome } from './daemon-home.ts';
import { isAlive, until } from './recovery-engine.ts';

/** An orphan of a socket: the file of one that listened and is gone. */
async function staleSocket(file: string): Promise<void> {
  const server = createServer().listen(`${file}.live`);
  await once(server, 'listening');
  linkSync(`${file}.live`, file);
  server.close();
  await once(server, 'close');
}

describe('the daemon', { skip: whySkipped, timeout: 400_000 }, () => {
  test('is started by the first command, told by status, and ended by stop', async () => {
    await using home = new DaemonHome();
    const none = await home.berth(['daemon', 'status']);
    assert.deepEqual([none.code, none.stdout], [3, `no daemon runs on ${home.socket}\n`]);
    assert.equal(await home.expect(['ps', '-q']), '');
    const [pid] = home.daemons();
    assert.match(await home.expect(['daemon', 'status']), new RegExp(`process ${pid},.*root ${home.root}`));
    assert.match(await home.expect(['daemon', 'start']), new RegExp(`runs already: process ${pid}`));
    assert.equal(statSync(home.socket).mode & 0o777, 0o600);
    assert.match(await home.expect(['daemon', 'stop']), /stopped/);
    await until(() => home.left().length === 0, `the end of ${home.left().join(', ')}`);
    assert.ok(!existsSync(home.socket));
    assert.match(await home.expect(['daemon', 'stop']), /no daemon runs/);
    assert.match(await home.expect(['daemon', 'start']), /daemon started/);
  });

  test('is started once by many commands at once', async () => {
    await using home = new DaemonHome();
    const ran = await Promise.all([1, 2, 3, 4, 5].map(() => home.berth(['ps', '-q'])));
    assert.deepEqual(
      ran.map(({ code, stderr }) => [code, stderr]),
      ran.map(() => [0, '']),
    );
    await until(() => home.daemons().length === 1, 'one daemon');
  });

  test('refuses a root folder, and a run folder, that another one has, and harms nothing', async () => {
    await using home = new DaemonHome();
    await home.loadBusybox();
    const id = await home.expect(['run', '-d', 'busybox', 'sleep', '1000']);
    const [pid] = home.daemons();
    for (const [flags, folder] of [
      [[], home.run],
      [['--run', path.join(home.home, 'run2')], home.root],
      [['--root', path.join(home.home, 'root2')], home.run],
    ] as const) {
      const { code, stderr } = await home.berthd(flags);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`^berthd: ${folder} is in use by another berthd \\(pid ${pid}\\)\nhint: `, 'm'));
    }
    assert.equal(await home.expect(['exec', id, 'echo', 'unharmed']), 'unharmed');
    assert.equal(await home.expect(['run', '--rm', 'busybox', 'echo', 'starts']), 'starts');
    await home.expect(['daemon', 'stop']);
    const other = await home.berthd(['--root', path.join(home.home, 'root2')]);
    assert.match(other.stderr, new RegExp(`${home.run} has containers of the root ${home.root}\nhint: `));
    assert.equal(await home.expect(['exec', id, 'echo', 'unharmed']), 'unharmed');
    await home.expect(['rm', '-f', id]);
  });

  test('replaces a socket file that nobody listens on', async () => {
    await using home = new DaemonHome();
    mkdirSync(home.run, { recursive: true });
    await staleSocket(home.socket);
    assert.equal(await home.expect(['ps', '-q']), '');
  });

  test('leaves containers running when it is stopped, and the next one finds them', async () => {
    await using home = new DaemonHome();
    await home.loadBusybox();
    const script = 'i=0; while [ ! -e /go ]; do echo $i; i=$((i+1)); usleep 1000; done; exit 8';
    const id = await home.expect(['run', '-d', 'busybox', 'sh', '-c', script]);
    const pid = await home.expect(['inspect', '-f', '{{.State.Pid}}', id]);
    await home.expect(['daemon', 'stop']);
    assert.deepEqual(home.daemons(), []);
    writeFileSync(`/proc/${pid}/root/go`, '');
    await until(() => !isAlive(Number(pid)), 'the end of the container');
    assert.equal(await home.expect(['wait', id]), '8');
    const lines = (await home.expect(['logs', id])).split('\n');
    assert.deepEqual(
      lines,
      lines.map((_, n) => String(n)),
    );
    await home.expect(['rm', id]);
    await home.expect(['daemon', 'stop']);
    await until(() => home.left().length === 0, 'the end of everything');
  });

  test('lives beside another one without disturbing it', async () => {
    await using one = new DaemonHome();
    await using two = new DaemonHome();
    await Promise.all([one.loadBusybox(), two.loadBusybox()]);
    const names = [one, two].map((home) => home.expect(['run', '-d', '--name', 'same', 'busybox', 'sleep', '1000']));
    const [first, second] = await Promise.all(names);
    assert.notEqual(first, second);
    assert.equal(await one.expect(['ps', '-q', '--no-trunc']), first);
    await one.expect(['rm', '-f', 'same']);
    await one.expect(['rmi', 'busybox']);
    await one.expect(['daemon', 'stop']);
    assert.deepEqual([cgroupFoldersOf(one).length === 0, cgroupFoldersOf(two).length > 0], [true, true]);
    assert.equal(await two.expect(['exec', 'same', 'echo', 'unharmed']), 'unharmed');
    assert.equal(await two.expect(['run', '--rm', 'busybox', 'echo', 'starts']), 'starts');
    await two.expect(['rm', '-f', 'same']);
  });

  test('is small when it is idle', async (t) => {
    await using home = new DaemonHome();
    await home.loadBusybox();
    const [pid] = home.daemons();
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const resident = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
    t.diagnostic(`berthd idle: ${resident.toFixed(1)} MiB resident`);
    assert.ok(resident < 200, `${resident} MiB`);
  });
});
