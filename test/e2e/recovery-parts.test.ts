import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { whySkipped } from '../harness/engine.ts';
import { processesOf } from '../harness/process-table.ts';
import { isAlive, recoveryEngine, until } from './recovery-engine.ts';

describe('the shim and the launcher when they are killed', { skip: whySkipped, timeout: 400_000 }, () => {
  const box = recoveryEngine();

  function launcher(): number {
    const children = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => parentOf(pid) === box.engine.pid);
    const found = children.find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'berth-launcher\n');
    return Number(found);
  }

  function parentOf(pid: string): number {
    try {
      return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    } catch {
      return 0;
    }
  }

  async function assertLost(name: string): Promise<void> {
    const { state } = await box.inspect(name);
    assert.deepEqual([state.status, state.exitCode, state.pid], ['exited', 255, 0]);
    assert.match(state.error, /shim/);
    assert.match(await box.expect(['ps', '-a']), /Exited \(255\)/);
    assert.equal(await box.expect(['logs', name]), 'written');
    assert.deepEqual(
      processesOf(box.engine).filter(({ command }) => command.includes('sleep 4321')),
      [],
    );
  }

  test('a container whose shim is killed is told to have ended, with why, and its processes are gone', async () => {
    const id = await box.start('orphan', 'echo written; sleep 4321 & sleep 4321');
    await box.logged('orphan', 'written');
    const waiting = box.expect(['wait', 'orphan']);
    process.kill(await box.shimOf(id), 'SIGKILL');
    assert.equal(await waiting, '255');
    await until(
      () => processesOf(box.engine).every(({ command }) => !command.includes('sleep 4321')),
      'the end of all processes',
    );
    await assertLost('orphan');
    await box.expect(['start', 'orphan']);
    await box.expect(['rm', '-f', 'orphan']);
  });

  test('so is one whose shim was killed while no daemon ran', async () => {
    const id = await box.start('orphan', 'echo written; sleep 4321 & sleep 4321');
    await box.logged('orphan', 'written');
    const shim = await box.shimOf(id);
    await box.engine.kill9();
    process.kill(shim, 'SIGKILL');
    await until(() => !isAlive(shim), 'the end of the shim');
    await box.engine.launch();
    await until(async () => (await box.inspect('orphan')).state.status === 'exited', 'the end of the container');
    await until(
      () => processesOf(box.engine).every(({ command }) => !command.includes('sleep 4321')),
      'the end of all processes',
    );
    await assertLost('orphan');
  });

  test('a paused container whose shim is killed is cleaned up all the same', async () => {
    const id = await box.start('frozen', 'echo written; sleep 4321 & sleep 4321');
    await box.logged('frozen', 'written');
    await box.expect(['pause', 'frozen']);
    process.kill(await box.shimOf(id), 'SIGKILL');
    await until(async () => (await box.inspect('frozen')).state.status === 'exited', 'the end of the container');
    await until(
      () => processesOf(box.engine).every(({ command }) => !command.includes('sleep 4321')),
      'the end of all processes',
    );
    await assertLost('frozen');
  });

  test('a launcher that was killed is replaced at the next start, and containers do not notice', async () => {
    await box.start('before', 'sleep 1000');
    const old = launcher();
    process.kill(old, 'SIGKILL');
    await until(() => !isAlive(old), 'the end of the launcher');
    assert.equal(await box.expect(['exec', 'before', 'echo', 'still']), 'still');
    const starts = ['one', 'two', 'three'].map((name) =>
      box.expect(['run', '--rm', '--name', name, 'busybox', 'echo', name]),
    );
    assert.deepEqual(await Promise.all(starts), ['one', 'two', 'three']);
    assert.notEqual(launcher(), old);
    assert.equal((await box.inspect('before')).status, 'running');
    await box.crash();
    assert.equal(await box.expect(['exec', 'before', 'echo', 'still']), 'still');
  });
});
