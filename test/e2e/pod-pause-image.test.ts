import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { BerthError } from '@berth/model/error';
import { NamespaceMode, PodSandboxState } from '@berth/wire/gen/cri/v1/api_pb';
import { CriClient } from '../harness/cri-client.ts';
import { CriImages } from '../harness/cri-images.ts';
import { Engine, whySkipped } from '../harness/engine.ts';
import { assertNothingLeft, belongings } from '../harness/leaks.ts';
import { whyNoRegistry } from '../harness/registry.ts';

const inHostNetwork = {
  securityContext: { namespaceOptions: { network: NamespaceMode.NODE, pid: NamespaceMode.POD } },
};
const config = (name: string) => ({ metadata: { name, uid: name, namespace: 'n', attempt: 0 }, linux: inHostNetwork });

describe('a configured pause image', { skip: whySkipped || whyNoRegistry, timeout: 120_000 }, () => {
  it('is fetched when it is not here, and its program holds the pod', async () => {
    await using images = await CriImages.start();
    const [pause, box] = [await images.reference('pause'), await images.reference('box')];
    await using engine = await started(`pause_image = "${pause}"`);
    await using cri = await CriClient.open(engine.socket);
    const first = await cri.runtime.runPodSandbox({ config: config('first') });
    await cri.runtime.removePodSandbox({ podSandboxId: first.podSandboxId });
    await cri.images.pullImage({ image: { image: box } });
    const before = belongings(engine);
    const { podSandboxId } = await cri.runtime.runPodSandbox({ config: config('second') });
    const container = { metadata: { name: 'c', attempt: 0 }, image: { image: box }, linux: inHostNetwork };
    const { containerId } = await cri.runtime.createContainer({ podSandboxId, config: container });
    await cri.runtime.startContainer({ containerId });
    const { stdout } = await cri.runtime.execSync({ containerId, cmd: ['cat', '/proc/1/cmdline'], timeout: 20n });
    assert.match(Buffer.from(stdout).toString(), /^sleep\0/);
    await cri.runtime.removePodSandbox({ podSandboxId });
    await assertNothingLeft(engine, before);
  });

  it('that ends at once makes no pod, and leaves nothing', async () => {
    await using images = await CriImages.start();
    await using engine = await started(`pause_image = "${await images.reference('words')}"`);
    await using cri = await CriClient.open(engine.socket);
    const [made] = await Promise.allSettled([cri.runtime.runPodSandbox({ config: config('short') })]);
    if (made.status === 'rejected') return assert.equal((made.reason as BerthError).kind, 'failed_precondition');
    // Its end may come after the answer.
    const { podSandboxId } = made.value;
    await cri.runtime.stopPodSandbox({ podSandboxId });
    const { status } = await cri.runtime.podSandboxStatus({ podSandboxId });
    assert.equal(status?.state, PodSandboxState.SANDBOX_NOTREADY);
    await cri.runtime.removePodSandbox({ podSandboxId });
  });
});

async function started(line: string): Promise<Engine> {
  const folder = mkdtempSync('/tmp/bt-pause-');
  const file = path.join(folder, 'berthd.toml');
  writeFileSync(file, `[cri]\ncgroup_driver = "cgroupfs"\n${line}\n`);
  try {
    return await Engine.start({ env: { BERTH_CONFIG: file } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
