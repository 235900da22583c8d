import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ContainerState, NamespaceMode, PodSandboxState } from '@berth/wire/gen/cri/v1/api_pb';
import { cgroupFoldersOf } from '../harness/cgroup-folders.ts';
import { whySkipped } from '../harness/engine.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { PodPlace } from './pod-place.ts';

const metadata = (name: string, attempt = 0) => ({ name, uid: `${name}-uid`, namespace: 'default', attempt });

describe('pods and their containers', { skip: whySkipped || whyNoRegistry, timeout: 300_000 }, () => {
  let place: PodPlace;
  before(async () => {
    place = await PodPlace.open();
    // The folder of all cgroups comes with the first pod.
    const pod = await place.run();
    await place.start(pod);
    await place.remove(pod);
    place.takeStock();
  });
  after(() => place[Symbol.asyncDispose]());

  const runtime = () => place.cri.runtime;
  const statusOf = async (containerId: string) => (await runtime().containerStatus({ containerId })).status!;
  const stateOf = async (podSandboxId: string) => (await runtime().podSandboxStatus({ podSandboxId })).status?.state;

  it('a pod with a container goes its whole way, and leaves nothing', async () => {
    const logs = path.join(place.folder, 'logs/not/there/yet');
    const pod = await place.run({ logDirectory: logs });
    assert.equal(await stateOf(pod), PodSandboxState.SANDBOX_READY);
    const wish = { command: ['sh', '-c', 'echo hello; exit 3'], logPath: 'c/0.log' };
    const containerId = await place.create(pod, wish);
    assert.equal((await statusOf(containerId)).state, ContainerState.CONTAINER_CREATED);
    await runtime().startContainer({ containerId });
    // kubelet links to it as soon as the start is answered.
    assert.ok(existsSync(path.join(logs, 'c/0.log')));
    const status = await place.ended(containerId);
    assert.deepEqual([status.exitCode, status.reason], [3, 'Error']);
    assert.match(readFileSync(path.join(logs, 'c/0.log'), 'utf8'), /^\S+Z stdout F hello\n$/);
    await place.remove(pod);
    await place.assertNothingLeft();
  });

  it('a container is started once', async () => {
    const pod = await place.run();
    const containerId = await place.start(pod, { command: ['true'] });
    await place.ended(containerId);
    await assert.rejects(runtime().startContainer({ containerId }), { kind: 'failed_precondition' });
    await place.remove(pod);
  });

  it('a start that fails leaves an exited container that says why', async () => {
    const pod = await place.run();
    const containerId = await place.create(pod, { command: ['/no/such/program'] });
    await assert.rejects(runtime().startContainer({ containerId }), { kind: 'failed_precondition' });
    const { state, exitCode, reason, message, startedAt, finishedAt } = await statusOf(containerId);
    assert.deepEqual([state, exitCode, reason], [ContainerState.CONTAINER_EXITED, 128, 'StartError']);
    assert.match(message, /\/no\/such\/program/);
    assert.ok(startedAt > 0n && finishedAt >= startedAt);
    await place.remove(pod);
  });

  it('so does one that fails before there is a process', async () => {
    const pod = await place.run({ logDirectory: place.folder });
    writeFileSync(path.join(place.folder, 'no-folder'), '');
    const containerId = await place.create(pod, { command: ['true'], logPath: 'no-folder/0.log' });
    await assert.rejects(runtime().startContainer({ containerId }), /no-folder/);
    const { state, exitCode, reason, message } = await statusOf(containerId);
    assert.deepEqual([state, exitCode, reason], [ContainerState.CONTAINER_EXITED, 128, 'StartError']);
    assert.match(message, /no-folder/);
    await place.remove(pod);
    await place.assertNothingLeft();
  });

  it('a container that is to see the processes of another starts only while that one runs', async () => {
    const pod = await place.run();
    const targetId = await place.start(pod);
    const linux = { securityContext: { namespaceOptions: { pid: NamespaceMode.TARGET, targetId } } };
    const [seeing, late] = [await place.create(pod, { linux }), await place.create(pod, { linux })];
    await runtime().startContainer({ containerId: seeing });
    await runtime().stopContainer({ containerId: targetId, timeout: 0n });
    await assert.rejects(runtime().startContainer({ containerId: late }), {
      kind: 'failed_precondition',
      message: /is not running/,
    });
    assert.equal((await statusOf(late)).state, ContainerState.CONTAINER_EXITED);
    await place.remove(pod);
    await place.assertNothingLeft();
  });

  it('what the kernel killed for want of memory is told so', async () => {
    const pod = await place.run();
    const script = 'x=a; while true; do x=$x$x; done';
    const limits = { memoryLimitInBytes: 16n << 20n, memorySwapLimitInBytes: 16n << 20n };
    const linux = { resources: limits };
    const containerId = await place.start(pod, { command: ['sh', '-c', script], linux });
    const { exitCode, reason } = await place.ended(containerId);
    assert.deepEqual([exitCode, reason], [137, 'OOMKilled']);
    await place.remove(pod);
  });

  it('stop and remove are success for what is not there, was stopped or is removed', async () => {
    const pod = await place.run();
    const containerId = await place.start(pod);
    for (let again = 0; again < 2; again++) await runtime().stopContainer({ containerId, timeout: 0n });
    for (let again = 0; again < 2; again++) await runtime().removeContainer({ containerId });
    for (let again = 0; again < 2; again++) await runtime().stopPodSandbox({ podSandboxId: pod });
    assert.equal(await stateOf(pod), PodSandboxState.SANDBOX_NOTREADY);
    for (let again = 0; again < 2; again++) await runtime().removePodSandbox({ podSandboxId: pod });
    await runtime().stopContainer({ containerId: 'nobody', timeout: 1n });
    await runtime().removePodSandbox({ podSandboxId: 'nobody' });
    await assert.rejects(runtime().podSandboxStatus({ podSandboxId: pod }), { kind: 'not_found' });
    await assert.rejects(runtime().containerStatus({ containerId }), { kind: 'not_found' });
  });

  it('removing a pod ends and removes what runs in it', async () => {
    const pod = await place.run();
    const containers = await Promise.all([place.start(pod), place.start(pod), place.create(pod)]);
    await runtime().removePodSandbox({ podSandboxId: pod });
    for (const containerId of containers) {
      await assert.rejects(runtime().containerStatus({ containerId }), { kind: 'not_found' });
    }
    await place.assertNothingLeft();
  });

  it('a pod whose sandbox was killed is not ready, takes no container, and can be stopped and removed', async () => {
    const pod = await place.run();
    const running = await place.start(pod);
    const { info } = await runtime().podSandboxStatus({ podSandboxId: pod, verbose: true });
    process.kill((JSON.parse(info['info'] ?? '{}') as { pid: number }).pid, 'SIGKILL');
    await place.until(async () => (await stateOf(pod)) === PodSandboxState.SANDBOX_NOTREADY);
    await assert.rejects(place.create(pod), { kind: 'failed_precondition' });
    await place.remove(pod);
    await assert.rejects(runtime().containerStatus({ containerId: running }), { kind: 'not_found' });
    await place.assertNothingLeft();
  });

  it('one that ends itself by its stop signal needs no killing, one that does not listen is killed in time', async () => {
    const pod = await place.run();
    const polite = await place.start(pod, {
      command: ['sh', '-c', 'trap "exit 7" TERM; while true; do sleep 0.1; done'],
    });
    await runtime().stopContainer({ containerId: polite, timeout: 30n });
    assert.equal((await statusOf(polite)).exitCode, 7);
    const deaf = await place.start(pod, { command: ['sh', '-c', 'trap "" TERM; while true; do sleep 0.1; done'] });
    await runtime().stopContainer({ containerId: deaf, timeout: 1n });
    assert.equal((await statusOf(deaf)).exitCode, 137);
    await place.remove(pod);
  });

  it('names are free again when their object is removed, and taken until then', async () => {
    const config = { metadata: metadata('twice') };
    const pod = await place.run(config);
    await assert.rejects(place.run(config), { kind: 'already_exists' });
    const next = await place.run({ metadata: metadata('twice', 1) });
    await place.remove(pod);
    const again = await place.run(config);
    const wish = { metadata: { name: 'c', attempt: 0 } };
    const containerId = await place.create(again, wish);
    await assert.rejects(place.create(again, wish), { kind: 'already_exists' });
    // The same name in another pod is another name.
    await place.create(next, wish);
    await runtime().removeContainer({ containerId });
    await place.create(again, wish);
    await place.remove(again);
    await place.remove(next);
    await place.assertNothingLeft();
  });

  it('a cgroup that its client made stays, one that came with a pod goes with the last pod in it', async () => {
    const parent = `${place.engine.cgroupParent}/made/deep`;
    const config = (name: string) => ({ metadata: metadata(name), linux: { cgroupParent: parent } });
    const [one, two] = [await place.run(config('one')), await place.run(config('two'))];
    await place.remove(one);
    await place.start(two);
    await place.remove(two);
    await place.assertNothingLeft();
    const kept = cgroupFoldersOf(place.engine).map((folder) => path.join(folder, 'kept'));
    for (const folder of kept) mkdirSync(folder);
    const kubelets = await place.run({
      metadata: metadata('kept'),
      linux: { cgroupParent: `${place.engine.cgroupParent}/kept` },
    });
    await place.remove(kubelets);
    for (const folder of kept) rmdirSync(folder);
    await place.assertNothingLeft();
  });

  it('the sandbox reaps what is left to it where its processes are shared', async () => {
    const shared = { namespaceOptions: { pid: NamespaceMode.POD } };
    const pod = await place.run({ linux: { securityContext: shared } });
    const containerId = await place.start(pod, { linux: { securityContext: shared } });
    await place.sh(containerId, '(sleep 0.1 &) ; true');
    await place.until(async () => !/ Z | Z$|sleep 0\.1/.test(await place.sh(containerId, 'ps -o stat,args')));
    assert.match(await place.sh(containerId, 'cat /proc/1/cmdline'), /^\/pause/);
    await place.remove(pod);
  });
});
