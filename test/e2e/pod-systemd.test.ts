import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, test } from 'node:test';
import { mount } from '@berth/addon/mount';
import { unshare } from '@berth/addon/namespace';
import { whySkipped } from '../harness/engine.ts';
import { eventPatience } from '../harness/patience.ts';
import { whyNoRegistry } from '../harness/registry.ts';
import { FakeSystemd } from '../runtime/fake-systemd.ts';
import { PodPlace } from './pod-place.ts';

const daemon = '/usr/bin/dbus-daemon';
const skip = whySkipped || whyNoRegistry || (existsSync(daemon) ? false : `${daemon} is missing (Debian package dbus)`);

const CLONE_NEWNS = 0x20000;
const MS_PRIVATE_TREE = 0x40000 | 0x4000;

/** This process, and all that it starts, sees a machine on which systemd runs. It does not come back. */
function pretendSystemd(): void {
  unshare(CLONE_NEWNS);
  mount('/', { flags: MS_PRIVATE_TREE });
  mount('/run', { source: 'run', type: 'tmpfs' });
  for (const folder of ['/run/systemd/system', '/run/netns']) mkdirSync(folder, { recursive: true });
}

/** The socket's file is there a moment before somebody listens. */
async function manager(socket: string): Promise<FakeSystemd> {
  for (const deadline = Date.now() + eventPatience; ; await sleep(20)) {
    const found = await FakeSystemd.open(socket).catch((error: unknown) => error as Error);
    if (!(found instanceof Error)) return found;
    if (Date.now() > deadline) throw found;
  }
}

describe('pods in cgroups that systemd makes', { skip }, () => {
  const folder = mkdtempSync('/tmp/bt-bus-');
  const slice = `bt${process.pid}.slice`;
  const podSlice = `bt${process.pid}-pod1.slice`;
  let bus: ChildProcess;
  let systemd: FakeSystemd;
  let place: PodPlace;

  before(async () => {
    pretendSystemd();
    const socket = path.join(folder, 'bus');
    writeFileSync(
      path.join(folder, 'bus.conf'),
      `<busconfig><type>session</type><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>
       <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`,
    );
    bus = spawn(daemon, [`--config-file=${folder}/bus.conf`, '--nofork', '--nopidfile'], { stdio: 'ignore' });
    systemd = await manager(socket);
    process.env['DBUS_SYSTEM_BUS_ADDRESS'] = `unix:path=${socket}`;
    place = await PodPlace.open('[cri]\ncgroup_driver = "systemd"');
  });

  after(async () => {
    await place[Symbol.asyncDispose]();
    await systemd[Symbol.asyncDispose]();
    bus.kill();
    await once(bus, 'exit');
    rmSync(folder, { recursive: true });
    // systemd would take its slices away; the fake does not.
    for (const at of cgroupMounts()) {
      for (const name of [`${slice}/${podSlice}`, slice, 'system.slice']) {
        const left = path.join(at, name);
        if (existsSync(left) && !holdsCgroups(left)) rmdirSync(left);
      }
    }
  });

  test('kubelet is told of the driver', async () => {
    const { linux } = await place.cri.runtime.runtimeConfig();
    assert.equal(linux?.cgroupDriver, 0);
  });

  test('sandbox and containers have scopes in the slice of the pod, changed by an update and ended with them', async () => {
    const pod = await place.run({ linux: { cgroupParent: `/${slice}/${podSlice}` } });
    const linux = { resources: { memoryLimitInBytes: 64n << 20n } };
    const id = await place.start(pod, { linux });
    const unit = systemd.units.get(`berth-${id}.scope`);
    assert.equal(unit?.get('Slice'), podSlice);
    assert.equal(systemd.units.get(`berth-${pod}.scope`)?.get('Slice'), podSlice);
    assert.equal(unit?.get('MemoryMax') ?? unit?.get('MemoryLimit'), 64n << 20n);
    const { info } = await place.cri.runtime.containerStatus({ containerId: id, verbose: true });
    const { pid } = JSON.parse(info['info'] ?? '{}') as { readonly pid: number };
    assert.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), new RegExp(`/${slice}/${podSlice}/berth-${id}\\.scope`));
    assert.equal(await place.sh(id, 'echo in'), 'in');
    const update = { memoryLimitInBytes: 80n << 20n };
    await place.cri.runtime.updateContainerResources({ containerId: id, linux: update });
    assert.equal(unit?.get('MemoryMax') ?? unit?.get('MemoryLimit'), 80n << 20n);
    const { stats } = await place.cri.runtime.containerStats({ containerId: id });
    assert.ok((stats?.memory?.workingSetBytes?.value ?? 0n) > 0n);
    await place.crash();
    assert.equal(await place.sh(id, 'echo still'), 'still');
    await place.remove(pod);
    assert.deepEqual([...systemd.units.keys()], []);
  });

  test('a parent that is no slice is refused', async () => {
    await assert.rejects(place.run({ linux: { cgroupParent: '/kubepods/pod1' } }), /cgroup_parent.*slice/);
  });
});

function cgroupMounts(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.filter((line) => / - cgroup2? /.test(line)).map((line) => line.split(' ')[4] ?? '');
}

function holdsCgroups(folder: string): boolean {
  return readFileSync(path.join(folder, 'cgroup.procs'), 'utf8') !== '';
}
