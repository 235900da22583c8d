import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContainerState, PodSandboxState } from '@berth/wire/gen/cri/v1/api_pb';
import { whySkipped } from '../harness/engine.ts';
import { processesOf } from '../harness/process-table.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { mountsBelow } from '../harness/sweep.ts';
import { PodPlace } from './pod-place.ts';

describe('pods when the daemon ends, or the machine', { skip: whySkipped || whyNoRegistry, timeout: 300_000 }, () => {
  let place: PodPlace;
  before(async () => {
    place = await PodPlace.open();
    const pod = await place.run();
    await place.start(pod);
    await place.remove(pod);
    place.takeStock();
  });
  after(() => place[Symbol.asyncDispose]());

  const statusOf = async (containerId: string) => (await place.cri.runtime.containerStatus({ containerId })).status!;
  const podOf = async (podSandboxId: string) => (await place.cri.runtime.podSandboxStatus({ podSandboxId })).status!;

  it('a pod, its address and its containers are the same after a restart, and go on meanwhile', async () => {
    const pod = await place.run({ logDirectory: place.folder });
    const as = await podOf(pod);
    const command = ['sh', '-c', 'while true; do echo tick; sleep 0.05; done'];
    const running = await place.start(pod, { command, logPath: 'tick.log' });
    const created = await place.create(pod);
    const ended = await place.start(pod, { command: ['sh', '-c', 'exit 4'] });
    await place.ended(ended);
    const known = [await statusOf(running), await statusOf(created), await statusOf(ended)];
    await place.crash();
    assert.deepEqual(await podOf(pod), as);
    assert.deepEqual([await statusOf(running), await statusOf(created), await statusOf(ended)], known);
    const file = path.join(place.folder, 'tick.log');
    // kubelet's rotation: moved away, then opened again.
    renameSync(file, `${file}.1`);
    await place.cri.runtime.reopenContainerLog({ containerId: running });
    await place.until(() => Promise.resolve(readFileSync(file, 'utf8').includes('tick')));
    await place.cri.runtime.startContainer({ containerId: created });
    assert.equal((await statusOf(created)).state, ContainerState.CONTAINER_RUNNING);
    await place.remove(pod);
    await place.assertNothingLeft();
  });

  it('an end that nobody saw is told with its own time and code', async () => {
    const pod = await place.run();
    const containerId = await place.start(pod, { command: ['sh', '-c', 'sleep 0.3; exit 6'] });
    await place.engine.kill9();
    await sleep(1000);
    const back = BigInt(Date.now()) * 1_000_000n;
    await place.comeBack();
    const { state, exitCode, reason, finishedAt } = await statusOf(containerId);
    assert.deepEqual([state, exitCode, reason], [ContainerState.CONTAINER_EXITED, 6, 'Error']);
    assert.ok(finishedAt < back);
    await place.remove(pod);
    await place.assertNothingLeft();
  });

  it('limits that were changed are kept', async () => {
    const pod = await place.run();
    const containerId = await place.start(pod);
    const linux = { memoryLimitInBytes: 64n << 20n, cpuShares: 512n };
    await place.cri.runtime.updateContainerResources({ containerId, linux });
    const known = (await statusOf(containerId)).resources;
    assert.equal(known?.linux?.memoryLimitInBytes, 64n << 20n);
    await place.crash();
    assert.deepEqual((await statusOf(containerId)).resources, known);
    await assert.rejects(
      place.cri.runtime.updateContainerResources({ containerId, linux: { cpusetCpus: '4000' } }),
      (error: Error & { kind?: string }) => error.kind !== 'internal',
    );
    assert.deepEqual((await statusOf(containerId)).resources, known);
    await place.remove(pod);
    await place.assertNothingLeft();
  });

  it('a start that failed has failed still, however soon the daemon ended', async () => {
    const pod = await place.run();
    const containerId = await place.create(pod, { command: ['/no/such/program'] });
    await assert.rejects(place.cri.runtime.startContainer({ containerId }), { kind: 'failed_precondition' });
    await place.crash();
    const { state, exitCode, reason } = await statusOf(containerId);
    assert.deepEqual([state, exitCode, reason], [ContainerState.CONTAINER_EXITED, 128, 'StartError']);
    await place.remove(pod);
    await place.assertNothingLeft();
  });

  it('a left-over that cannot be removed keeps the daemon neither from coming back nor from removing others', async () => {
    await place.engine.kill9();
    const { run } = place.engine;
    const [unreadable, next] = ['aaaa', 'bbbb'].map((name) => path.join(run, 'c', name)) as [string, string];
    const namespace = path.join(run, 'netns/no-file');
    for (const folder of [unreadable, next, namespace]) mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(unreadable, 'runtime.json'), '{');
    await place.comeBack();
    assert.deepEqual([unreadable, next].map(existsSync), [true, false]);
    rmSync(unreadable, { recursive: true });
    rmSync(namespace, { recursive: true, force: true });
    await place.remove(await place.run());
    await place.assertNothingLeft();
  });

  it('after the machine has gone down pods are not ready, and are stopped and removed with all that they had', async () => {
    const pod = await place.run();
    const containerId = await place.start(pod);
    // A start is on the disk that outlives the machine a moment later than in the shim's journal.
    await sleep(500);
    await place.engine.kill9();
    goDown(place);
    await place.comeBack();
    assert.equal((await podOf(pod)).state, PodSandboxState.SANDBOX_NOTREADY);
    const { state, exitCode, reason } = await statusOf(containerId);
    assert.deepEqual([state, exitCode, reason], [ContainerState.CONTAINER_EXITED, 255, 'Unknown']);
    await place.remove(pod);
    await place.assertNothingLeft();
  });
});

/** What a machine loses with its power: processes, mounts, cgroups and the run folder. */
function goDown({ engine }: PodPlace): void {
  for (const { pid } of processesOf(engine)) process.kill(pid, 'SIGKILL');
  for (const target of mountsBelow(engine.run).toReversed()) spawnSync('umount', ['-l', target]);
  rmSync(engine.run, { recursive: true, force: true });
}
