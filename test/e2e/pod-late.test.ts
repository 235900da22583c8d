import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whySkipped } from '../harness/engine.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { PodPlace } from './pod-place.ts';

/** kubelet's deadline passes while the engine works, and kubelet asks again. */
describe('a client that does not wait for the end', { skip: whySkipped || whyNoRegistry, timeout: 300_000 }, () => {
  let place: PodPlace;
  let image: string;
  before(async () => {
    place = await PodPlace.open();
    image = await place.image();
    await place.remove(await place.run());
    place.takeStock();
  });
  after(() => place[Symbol.asyncDispose]());

  const runtime = () => place.cri.runtime;
  const podConfig = (name: string) => ({ metadata: { name, uid: name, namespace: 'n', attempt: 0 } });

  /** Asks with a deadline that passes before the answer can be there, at some point of the work. */
  const leave = async (ask: (timeout: number) => Promise<unknown>, timeout: number): Promise<boolean> => {
    try {
      await ask(timeout);
      return false;
    } catch (error) {
      assert.equal((error as { kind?: string }).kind, 'deadline_exceeded', String(error));
      return true;
    }
  };

  /** A pod whose client had a deadline that passed while it was made. */
  const leaveMidway = async (config: ReturnType<typeof podConfig>): Promise<string> => {
    for (let timeout = 4; ; timeout = (timeout % 40) + 1) {
      const isLeft = await leave((ms) => runtime().runPodSandbox({ config }, { timeout: ms }), timeout);
      const made = await appeared();
      if (isLeft && made !== undefined) return made;
      if (made !== undefined) await place.remove(made);
    }
  };

  /** The pod that is there, or comes within two seconds: a call may have been late before it began. */
  const appeared = async (): Promise<string | undefined> => {
    for (let round = 0; round < 100; round += 1) {
      const { items } = await runtime().listPodSandbox({});
      if (items[0] !== undefined) return items[0].id;
      await sleep(20);
    }
    return undefined;
  };

  it('is given the pod that was made without it, once', async () => {
    let late = 0;
    for (let timeout = 1; timeout <= 24; timeout += 1) {
      const config = podConfig(`late${timeout}`);
      const isLeft = await leave((ms) => runtime().runPodSandbox({ config }, { timeout: ms }), timeout);
      if (!isLeft) continue;
      const { podSandboxId } = await runtime().runPodSandbox({ config });
      const { items } = await runtime().listPodSandbox({});
      const made = items.filter(({ metadata }) => metadata?.name === config.metadata.name).map(({ id }) => id);
      assert.deepEqual(made, [podSandboxId]);
      late += 1;
      await assert.rejects(runtime().runPodSandbox({ config }), { kind: 'already_exists' });
    }
    assert.ok(late > 0, 'every call was faster than its deadline');
    for (const { id } of (await runtime().listPodSandbox({})).items) await place.remove(id);
    await place.assertNothingLeft();
  });

  it('is given the container that was made without it, once', async () => {
    const config = podConfig('for-containers');
    const { podSandboxId } = await runtime().runPodSandbox({ config });
    for (let timeout = 1; timeout <= 8; timeout += 1) {
      const wanted = { metadata: { name: `c${timeout}`, attempt: 0 }, image: { image } };
      const request = { podSandboxId, config: wanted, sandboxConfig: config };
      if (!(await leave((ms) => runtime().createContainer(request, { timeout: ms }), timeout))) continue;
      const { containerId } = await runtime().createContainer(request);
      const { containers } = await runtime().listContainers({});
      const made = containers.filter(({ metadata }) => metadata?.name === `c${timeout}`).map(({ id }) => id);
      assert.deepEqual(made, [containerId]);
      await assert.rejects(runtime().createContainer(request), { kind: 'already_exists' });
    }
    await place.remove(podSandboxId);
    await place.assertNothingLeft();
  });

  it('asks for something else under the name: that is refused until the first is removed', async () => {
    const config = podConfig('changed');
    const made = await leaveMidway(config);
    const other = { ...config, labels: { other: 'yes' } };
    await assert.rejects(runtime().runPodSandbox({ config: other }), { kind: 'already_exists' });
    await place.remove(made);
    const { podSandboxId } = await runtime().runPodSandbox({ config: other });
    await place.remove(podSandboxId);
    await place.assertNothingLeft();
  });

  it('the pod ended before anybody asked again: another one is made', async () => {
    const config = podConfig('ended');
    const id = await leaveMidway(config);
    await runtime().stopPodSandbox({ podSandboxId: id });
    const { podSandboxId } = await runtime().runPodSandbox({ config });
    assert.notEqual(podSandboxId, id);
    assert.equal((await runtime().listPodSandbox({})).items.length, 1);
    await place.remove(podSandboxId);
    await place.assertNothingLeft();
  });

  it('a stop and a removal go on without it', async () => {
    const { podSandboxId } = await runtime().runPodSandbox({ config: podConfig('left') });
    const client = new AbortController();
    const call = runtime().removePodSandbox({ podSandboxId }, { signal: client.signal });
    await Promise.all([sleep(2), runtime().version({})]);
    client.abort();
    await call.catch(() => undefined);
    await place.until(async () => (await runtime().listPodSandbox({})).items.length === 0);
    await place.assertNothingLeft();
  });
});
