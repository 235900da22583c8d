import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { detectCgroups } from '@berth/runtime/cgroup/detect';
import { cgroupFolders } from '@berth/runtime/cgroup/layout';
import { whySkipped } from '../harness/engine.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { PodPlace } from './pod-place.ts';

describe('cgroups of pods', { skip: whySkipped || whyNoRegistry }, () => {
  /** As kubelet makes one for each pod. */
  const parent = `/bt-kubepods-${process.pid}`;
  const folders = whySkipped ? [] : cgroupFolders(detectCgroups(), parent);
  let place: PodPlace;

  before(async () => {
    for (const folder of folders) mkdirSync(folder);
    place = await PodPlace.open();
  });
  afterEach(() => place.removeAll());
  after(async () => {
    await place[Symbol.asyncDispose]();
    // Its own would be below; kubelet's is kubelet's.
    for (const folder of folders) rmdirSync(folder);
  });

  const fileOf = (id: string, name: string) => {
    const found = folders.map((folder) => path.join(folder, id, name)).find((file) => existsSync(file));
    return found === undefined ? undefined : readFileSync(found, 'utf8').trim();
  };

  test('sandbox and containers are below the parent that kubelet names, with their limits', async () => {
    const pod = await place.run({ linux: { cgroupParent: parent } });
    const resources = {
      memoryLimitInBytes: 64n << 20n,
      cpuShares: 512n,
      hugepageLimits: [{ pageSize: '2MB', limit: 0n }],
    };
    const id = await place.start(pod, { linux: { resources } });
    assert.ok(folders.every((folder) => existsSync(path.join(folder, pod)) && existsSync(path.join(folder, id))));
    assert.equal(fileOf(id, 'memory.limit_in_bytes') ?? fileOf(id, 'memory.max'), String(64 << 20));
    const unlimited = { memoryLimitInBytes: 128n << 20n, unified: {} };
    await place.cri.runtime.updateContainerResources({ containerId: id, linux: unlimited });
    assert.equal(fileOf(id, 'memory.limit_in_bytes') ?? fileOf(id, 'memory.max'), String(128 << 20));
    const { status } = await place.cri.runtime.containerStatus({ containerId: id });
    assert.equal(status?.resources?.linux?.memoryLimitInBytes, 128n << 20n);
    assert.equal(status.resources.linux.cpuShares, 512n);
  });

  test('the processors that kubelet has given its pods stay as they are, and are those of the containers', async (t) => {
    const cpuset = folders.find((folder) => existsSync(path.join(folder, 'cpuset.mems')) && folder.includes('cpuset'));
    if (cpuset === undefined) return t.skip('no hierarchy of cpusets (cgroup v1)');
    writeFileSync(path.join(cpuset, 'cpuset.cpus'), '0');
    writeFileSync(path.join(cpuset, 'cpuset.mems'), '0');
    const pod = await place.run({ linux: { cgroupParent: parent } });
    const id = await place.start(pod);
    assert.equal(readFileSync(path.join(cpuset, 'cpuset.cpus'), 'utf8').trim(), '0');
    assert.equal(fileOf(id, 'cpuset.cpus'), '0');
    assert.equal(await place.sh(id, 'nproc'), '1');
  });

  test('limits that cannot be are refused by their names, and change nothing', async () => {
    const pod = await place.run({ linux: { cgroupParent: parent } });
    const refused = async (resources: object, message: RegExp) =>
      await assert.rejects(place.create(pod, { linux: { resources } }), message);
    await refused({ cpuShares: -1n }, /cpu_shares/);
    await refused({ memoryLimitInBytes: 1n << 30n, memorySwapLimitInBytes: 1n << 20n }, /memory_swap_limit_in_bytes/);
    await refused({ hugepageLimits: [{ pageSize: 'big', limit: 1n }] }, /page_size/);
    await refused({ oomScoreAdj: 2000n }, /oom_score_adj/);
  });
});
