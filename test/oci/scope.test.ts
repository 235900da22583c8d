import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { FakeSystemd } from '../runtime/fake-systemd.ts';
import { Box, type CallOptions, until, whySkipped } from './box.ts';

const daemon = '/usr/bin/dbus-daemon';
const skip = whySkipped || (existsSync(daemon) ? false : `${daemon} is missing (Debian package dbus)`);

/** A machine on which systemd runs, for the command alone: what it looks for is below /run. */
const pretend = 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && exec "$@"';

describe('cgroups by systemd', { skip }, () => {
  let folder: string;
  let bus: ChildProcess;
  let systemd: FakeSystemd;
  let options: CallOptions;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'berth-bus-'));
    const socket = path.join(folder, 'bus');
    writeFileSync(
      path.join(folder, 'bus.conf'),
      `<busconfig><type>session</type><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>
       <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`,
    );
    bus = spawn(daemon, [`--config-file=${folder}/bus.conf`, '--nofork', '--nopidfile'], { stdio: 'ignore' });
    systemd = await manager(socket);
    options = {
      globals: ['--systemd-cgroup'],
      env: { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${socket}` },
      prefix: ['unshare', '--mount', 'sh', '-c', pretend, 'sh'],
    };
  });

  after(async () => {
    await systemd[Symbol.asyncDispose]();
    bus.kill();
    await once(bus, 'exit');
    rmSync(folder, { recursive: true });
  });

  /** A box whose container is in a slice of its own; what the fake does not remove, the test does. */
  function scopeBox(): { readonly box: Box; readonly unit: string; removeSlice: () => void } {
    const box = new Box();
    const slice = `${box.id.replace('-', '')}.slice`;
    box.spec.linux.cgroupsPath = `${slice}:t:${box.id}`;
    box.spec.linux.resources = { ...box.spec.linux.resources, memory: { limit: 64 << 20 } };
    box.spec.annotations = { 'org.systemd.property.CollectMode': "'inactive-or-failed'" };
    const removeSlice = () => {
      for (const mount of cgroupMounts()) {
        const at = path.join(mount, slice);
        if (existsSync(at)) rmdirSync(at);
      }
    };
    return { box, unit: `t-${box.id}.scope`, removeSlice };
  }

  test('a scope is made around the process, changed by an update and ended by the delete', async () => {
    const { box, unit, removeSlice } = scopeBox();
    await using _ = box;
    box.script('cat /proc/self/cgroup; exec sleep 1000');
    await box.expect(['create', '--bundle', box.bundle, box.id], options);
    const { pid } = await box.state();
    const made = systemd.units.get(unit);
    assert.deepEqual(made?.get('PIDs'), [pid]);
    assert.equal(made?.get('MemoryMax') ?? made?.get('MemoryLimit'), 64n << 20n);
    assert.equal(made?.get('CollectMode'), 'inactive-or-failed');
    assert.match(readFileSync(`/proc/${pid}/cgroup`, 'utf8'), new RegExp(`slice/${unit}`));
    await box.expect(['start', box.id]);
    await box.expect(['update', '--memory', String(80 << 20), box.id], options);
    assert.equal(made?.get('MemoryMax') ?? made?.get('MemoryLimit'), 80n << 20n);
    await box.expect(['delete', '--force', box.id], options);
    assert.ok(!systemd.units.has(unit));
    await box.assertNothingLeft();
    removeSlice();
  });

  test('a create that fails after it leaves no scope', async () => {
    const { box, unit, removeSlice } = scopeBox();
    await using _ = box;
    box.spec.hooks = { createRuntime: [{ path: '/bin/false' }] };
    box.script('true');
    const begun = systemd.calls.length;
    const ran = await box.call(['create', '--bundle', box.bundle, box.id], options);
    assert.match(ran.stderr, /hook \/bin\/false failed/);
    assert.ok(systemd.calls.slice(begun).includes('StartTransientUnit'));
    assert.ok(!systemd.units.has(unit));
    await box.assertNothingLeft();
    removeSlice();
  });

  test('a property that systemd refuses fails the create in its words', async () => {
    const { box, unit, removeSlice } = scopeBox();
    await using _ = box;
    box.script('true');
    systemd.outcomes = ['refused'];
    const ran = await box.call(['create', '--bundle', box.bundle, box.id], options);
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /no such property/);
    assert.ok(!systemd.units.has(unit));
    await box.assertNothingLeft();
    removeSlice();
  });

  test('is refused where no systemd runs', async (t) => {
    const { box } = scopeBox();
    await using _ = box;
    box.script('true');
    const create = ['create', '--bundle', box.bundle, box.id];
    if (existsSync('/run/systemd/system')) return t.skip('systemd runs on this machine');
    const without = await box.call(create, { globals: ['--systemd-cgroup'] });
    assert.match(without.stderr, /systemd does not run on this machine/);
    await box.assertNothingLeft();
  });
});

/** The socket's file is there a moment before somebody listens. */
async function manager(socket: string): Promise<FakeSystemd> {
  let found: FakeSystemd | undefined;
  await until(async () => {
    found = await FakeSystemd.open(socket).catch(() => undefined);
    return found !== undefined;
  }, 'dbus-daemon listens');
  return found!;
}

function cgroupMounts(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.filter((line) => / - cgroup2? /.test(line)).map((line) => line.split(' ')[4]!);
}
