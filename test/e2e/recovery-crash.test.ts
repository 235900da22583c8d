import assert from 'node:assert/strict';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whySkipped } from '../harness/engine.ts';
import { isAlive, recoveryEngine } from './recovery-engine.ts';

const rounds = 24;

describe('kill -9 of the daemon at any moment', { skip: whySkipped, timeout: 400_000 }, () => {
  const box = recoveryEngine();

  /** Does this and that until the daemon is gone; what then fails is not looked at. */
  async function work(seed: number): Promise<void> {
    const { client } = box;
    for (let n = 0; ; n++) {
      const name = `worker-${seed}-${n}`;
      const command = n % 2 === 0 ? ['sh', '-c', 'echo x; exit 3'] : ['sleep', '1000'];
      const { id } = await client.containers.create({ name, image: 'busybox', command, autoRemove: n % 3 === 0 });
      await client.containers.start(id);
      if (n % 2 === 1) {
        const { id: exec } = await client.exec.create(id, { command: ['true'] });
        await client.exec.start(exec);
        await client.containers.stop(id, { timeout: 0 });
      }
      if (n % 4 < 3) await client.containers.remove(id, { force: true });
    }
  }

  /** Every container is in a state that is true, and can be used and removed. */
  async function checkAll(): Promise<void> {
    for (const { id, name, state } of await box.client.containers.list({ all: true })) {
      if (state.status === 'running') assert.ok(isAlive(state.pid), `${name} is said to run`);
      else assert.equal(state.pid, 0, `${name} is ${state.status}`);
      if (state.status === 'exited') assert.ok(state.finishedAt !== '', `${name} has ended sometime`);
      if (state.status === 'created') await box.client.containers.start(id);
    }
  }

  test('a container whose removal was cut off is removed by the next daemon', async () => {
    const id = await box.start('half', 'true');
    await box.expect(['wait', 'half']);
    await box.engine.kill9();
    const database = new DatabaseSync(path.join(box.engine.root, 'metadata.db'));
    assert.equal(database.prepare('DELETE FROM snapshots WHERE key = ?').run(id).changes, 1);
    database.close();
    await box.engine.launch();
    assert.equal(await box.expect(['ps', '-aq']), '');
  });

  for (let round = 0; round < rounds; round++) {
    const moment = round * 4 + Math.floor(Math.random() * 4);
    test(`harms nothing after ${moment} ms`, async () => {
      const workers = [1, 2].map((seed) => work(seed).catch(() => undefined));
      await sleep(moment);
      await box.engine.kill9();
      await Promise.all(workers);
      await box.engine.launch();
      await checkAll();
      assert.doesNotMatch(box.engine.log, /could not be recovered|cleaning up after a container failed/);
    });
  }
});
