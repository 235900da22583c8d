import { strict as assert } from 'node:assert';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Containerd } from '../bench/peer/containerd.ts';
import { findPeer, peerEnv } from '../bench/peer/packages.ts';
import { archive, oldDockerArchive } from '../harness/archives.ts';
import { cgroupFoldersOf } from '../harness/cgroup-folders.ts';
import { runCommand } from '../harness/command.ts';
import { testImage } from '../harness/images.ts';
import { commandPatience } from '../harness/patience.ts';
import { processTable } from '../harness/process-table.ts';
import { mountsBelow } from '../harness/sweep.ts';
import { Terminal } from '../harness/tty.ts';
import { type RuntimeBinary, runtimeBinaries } from './runtime-binary.ts';

const whyNot =
  process.getuid?.() !== 0
    ? 'needs root'
    : findPeer('containerd') === undefined || findPeer('ctr') === undefined
      ? 'there is no containerd on this machine'
      : false;

/** A containerd whose runc shim is told to use the binary. */
class Engine implements AsyncDisposable {
  readonly containerd: Containerd;
  readonly folder = mkdtempSync('/tmp/bpc-');
  readonly #binary: RuntimeBinary;

  private constructor(containerd: Containerd, binary: RuntimeBinary) {
    this.containerd = containerd;
    this.#binary = binary;
  }

  static async open(binary: RuntimeBinary): Promise<Engine> {
    const containerd = await Containerd.start();
    assert.ok(containerd !== undefined, 'containerd does not start');
    const engine = new Engine(containerd, binary);
    const file = path.join(engine.folder, 'image.tar');
    writeFileSync(file, archive(oldDockerArchive(testImage(), 'docker.io/library/box:latest')));
    await containerd.expect(['images', 'import', file]);
    return engine;
  }

  get stateRoot(): string {
    return path.join(this.folder, 'state');
  }

  runArgs(id: string, flags: readonly string[], command: readonly string[]): string[] {
    const runtime = [
      '--runtime',
      'io.containerd.runc.v2',
      '--runc-binary',
      this.#binary.program,
      '--runc-root',
      this.stateRoot,
    ];
    const cgroup = ['--cgroup', `${this.containerd.cgroupParent}/${id}`, '--snapshotter', 'native'];
    return ['run', ...runtime, ...cgroup, ...flags, 'docker.io/library/box:latest', id, ...command];
  }

  run(id: string, flags: readonly string[], ...command: string[]) {
    return this.containerd.ctr(this.runArgs(id, flags, command), commandPatience);
  }

  /** Runs it in the background. */
  async detach(id: string, flags: readonly string[], ...command: string[]): Promise<void> {
    await this.containerd.expect(this.runArgs(id, ['--detach', ...flags], command));
  }

  /** Ends it, waits for its end and removes it. */
  async remove(id: string): Promise<void> {
    await this.containerd.ctr(['task', 'kill', '--signal', 'SIGKILL', id]);
    await this.reach(id, 'STOPPED');
    await this.containerd.expect(['task', 'delete', id]);
    await this.containerd.expect(['container', 'delete', id]);
  }

  async status(id: string): Promise<string> {
    const lines = (await this.containerd.expect(['task', 'list'])).split('\n').map((line) => line.trim().split(/\s+/));
    return lines.find(([name]) => name === id)?.[2] ?? 'gone';
  }

  async reach(id: string, status: string): Promise<void> {
    for (let turn = 0; turn < 1500 && (await this.status(id)) !== status; turn++) await sleep(20);
    assert.equal(await this.status(id), status);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A shim whose container never ended holds mounts and cgroups: only after a failed test.
    const { socket } = this.containerd;
    for (const { pid, command } of processTable())
      if (command.includes('containerd-shim') && command.includes(socket)) endProcess(pid);
    for (const folder of cgroupFoldersOf(this.containerd)) {
      const procs = path.join(folder, 'cgroup.procs');
      for (const pid of readFileSync(procs, 'utf8').split('\n').filter(Boolean)) endProcess(Number(pid));
    }
    await sleep(50);
    for (const target of mountsBelow(path.dirname(socket)).toReversed()) await runCommand(['umount', '-l', target]);
    await this.containerd[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}

for (const binary of await runtimeBinaries()) {
  describe(`containerd with ${binary.name}`, { skip: whyNot }, () => {
    let engine: Engine;
    before(async () => void (engine = await Engine.open(binary)));
    after(async () => {
      await engine[Symbol.asyncDispose]();
    });

    it('runs a container to its end and tells the exit code', async () => {
      const { code, stdout, stderr } = await engine.run('one', ['--rm'], 'sh', '-c', 'echo out; echo err >&2; exit 7');
      assert.deepEqual([code, stdout, stderr], [7, 'out\n', 'err\n']);
    });

    it('gives it an environment, a folder, a volume, a read-only root, a filter', async () => {
      const mount = `type=bind,src=${engine.folder},dst=/host,options=rbind:ro`;
      const flags = ['--rm', '--env', 'A=b', '--cwd', '/tmp', '--mount', mount, '--read-only', '--seccomp'];
      const { stdout, stderr } = await engine.run(
        'env',
        flags,
        'sh',
        '-c',
        'echo $A; pwd; ls /host/image.tar; touch /x 2>/dev/null || echo no; grep Seccomp: /proc/self/status',
      );
      assert.match(stdout, /^b\n\/tmp\n\/host\/image.tar\nno\nSeccomp:\t2\n$/, stderr);
    });

    it('gives it a terminal', async () => {
      const program = [findPeer('ctr')!, '--address', engine.containerd.socket];
      const args = engine.runArgs(
        'tty',
        ['--rm', '--tty'],
        ['sh', '-c', 'tty; stty size; read x; echo "got $x"; exit 3'],
      );
      await using terminal = new Terminal([...program, ...args], { env: peerEnv(), rows: 30, columns: 100 });
      await terminal.until(/\/dev\/pts\/0|\/dev\/console/);
      terminal.type('typed\r');
      await terminal.until('got typed');
      assert.equal(await terminal.exit, 3);
    });

    it('executes in it, tells the exit code, with a terminal too', async () => {
      await engine.detach('exec', [], 'sleep', '100');
      const { code, stdout } = await engine.containerd.ctr([
        'task',
        'exec',
        '--exec-id',
        'e1',
        '--cwd',
        '/tmp',
        '--user',
        '5',
        'exec',
        'sh',
        '-c',
        'pwd; id -u; exit 9',
      ]);
      assert.deepEqual([code, stdout], [9, '/tmp\n5\n']);
      const program = [findPeer('ctr')!, '--address', engine.containerd.socket];
      const args = ['task', 'exec', '--exec-id', 'e2', '--tty', 'exec', 'sh', '-c', 'tty; exit 4'];
      await using terminal = new Terminal([...program, ...args], { env: peerEnv() });
      await terminal.until('/dev/pts/');
      assert.equal(await terminal.exit, 4);
      await engine.remove('exec');
    });

    it('kills it by a signal that it hears', async () => {
      const script = 'trap "exit 5" TERM; while true; do sleep 0.05; done';
      const running = engine.run('kill', ['--rm'], 'sh', '-c', script);
      await engine.reach('kill', 'RUNNING');
      const ended = running.then(() => true);
      // The first process of a container hears no signal before its trap is set.
      while (!(await Promise.race([ended, sleep(100, false)])))
        await engine.containerd.ctr(['task', 'kill', '--signal', 'SIGTERM', 'kill']);
      assert.equal((await running).code, 5);
    });

    it('pauses it and lets it go on', async () => {
      await engine.detach('pause', [], 'sleep', '100');
      await engine.containerd.expect(['task', 'pause', 'pause']);
      await engine.reach('pause', 'PAUSED');
      await engine.containerd.expect(['task', 'resume', 'pause']);
      await engine.reach('pause', 'RUNNING');
      await engine.remove('pause');
    });

    it('lists its processes and measures it', async () => {
      await engine.detach('top', ['--memory-limit', String(64 << 20)], 'sh', '-c', 'sleep 100 & wait');
      const processes = async () => (await engine.containerd.expect(['task', 'ps', 'top'])).trim().split('\n');
      for (let turn = 0; turn < 300 && (await processes()).length < 3; turn++) await sleep(20);
      const lines = await processes();
      assert.equal(lines.length, 3, lines.join('\n'));
      const { code, stdout, stderr } = await engine.containerd.ctr(['task', 'metrics', '--format', 'json', 'top']);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /"(limit|hierarchical_memory_limit)":67108864|67108864/);
      await engine.remove('top');
    });

    it('is updated by the binary, and containerd measures the new limit', async () => {
      await engine.detach('update', ['--memory-limit', String(64 << 20)], 'sleep', '100');
      const root = path.join(engine.stateRoot, 'default');
      const { code, stderr } = await runCommand([
        binary.program,
        '--root',
        root,
        'update',
        '--memory',
        String(32 << 20),
        'update',
      ]);
      assert.equal(code, 0, stderr);
      assert.match(await engine.containerd.expect(['task', 'metrics', '--format', 'json', 'update']), /33554432/);
      await engine.remove('update');
    });

    it('tells of a process that was killed for its memory', async () => {
      await using events = new Terminal([findPeer('ctr')!, '--address', engine.containerd.socket, 'events'], {
        env: peerEnv(),
      });
      await sleep(300);
      const limit = ['--memory-limit', String(16 << 20)];
      await engine.run(
        'oom',
        ['--rm', ...limit],
        'sh',
        '-c',
        'sleep 0.5; head -c 200000000 /dev/zero | tail; sleep 0.5',
      );
      await events.until('/tasks/oom', { timeout: 60_000 });
    });

    it('tells what the runtime said when the program cannot be run', async () => {
      const { code, stderr } = await engine.run('absent', ['--rm'], '/no/such/program');
      assert.notEqual(code, 0);
      assert.match(stderr, /no\/such\/program/);
      // ctr leaves the container that it could not start.
      await engine.containerd.ctr(['container', 'delete', 'absent']);
    });

    it('leaves nothing of containers that are removed', async () => {
      const left = () => [
        ...processTable()
          .filter(({ command }) => command.includes('containerd-shim') && command.includes(engine.containerd.socket))
          .map(({ command }) => command),
        ...mountsBelow(path.dirname(engine.containerd.socket)),
        ...cgroupFoldersOf(engine.containerd).filter(
          (folder) => path.basename(folder) !== path.basename(engine.containerd.cgroupParent),
        ),
        ...globSync(path.join(engine.stateRoot, '*/*')),
      ];
      for (let turn = 0; turn < 2000 && left().length > 0; turn++) await sleep(30);
      assert.deepEqual(left(), []);
    });
  });
}
