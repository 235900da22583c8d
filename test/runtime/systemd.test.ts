import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createScope, removeScope, updateScope, userManagerCgroup } from '@berth/runtime/systemd/scope';
import { scopeUnit } from '@berth/runtime/systemd/unit';
import { FakeSystemd } from './fake-systemd.ts';

const daemon = '/usr/bin/dbus-daemon';
const skip = existsSync(daemon) ? undefined : `${daemon} is missing (Debian package dbus)`;

const unit = scopeUnit({ id: 'c1', cgroupsPath: 'a-b.slice:test:c1' });
const request = { id: 'c1', unit, cgroups: 2, pid: 4242 } as const;

describe('the systemd driver, over a real bus', { skip }, () => {
  let run: string;
  let bus: ChildProcess;
  let systemd: FakeSystemd;

  before(async () => {
    run = mkdtempSync(join(tmpdir(), 'berth-run-'));
    for (const folder of ['dbus', 'systemd/system']) mkdirSync(join(run, folder), { recursive: true });
    const socket = join(run, 'dbus', 'system_bus_socket');
    writeFileSync(
      join(run, 'bus.conf'),
      `<busconfig><type>session</type><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>
       <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`,
    );
    bus = spawn(daemon, [`--config-file=${join(run, 'bus.conf')}`, '--nofork', '--nopidfile'], { stdio: 'ignore' });
    for (let tries = 0; !existsSync(socket); tries++) {
      assert.ok(tries < 6000, 'dbus-daemon does not listen');
      await sleep(10);
    }
    systemd = await FakeSystemd.open(socket);
  });

  after(async () => {
    await systemd[Symbol.asyncDispose]();
    bus.kill();
    await once(bus, 'exit');
    rmSync(run, { recursive: true });
  });

  beforeEach(() => {
    systemd.outcomes = [];
    systemd.signalFirst = false;
    systemd.calls.length = 0;
  });

  const options = () => ({ runFolder: run, environment: {} });

  test('makes a scope with the process in it, the limits and the annotations', async () => {
    const annotations = { 'org.systemd.property.TimeoutStopSec': 'uint64 5', else: 'x' };
    const resources = { memory: { limit: 1 << 20 }, cpu: { cpus: '0-1' }, devices: [] };
    await createScope({ ...request, resources, annotations }, options());
    const made = systemd.units.get('test-c1.scope');
    assert.deepEqual(made?.get('PIDs'), [4242]);
    assert.equal(made?.get('Slice'), 'a-b.slice');
    assert.equal(made?.get('Delegate'), true);
    assert.equal(made?.get('MemoryMax'), 1n << 20n);
    assert.deepEqual(made?.get('AllowedCPUs'), [3]);
    assert.equal(made?.get('TimeoutStopUSec'), 5_000_000n);
    assert.equal(made?.get('DevicePolicy'), 'strict');
    assert.ok(((made?.get('DeviceAllow') ?? []) as unknown[]).length > 5);
  });

  test('waits for the job also when its end is told before its name', async () => {
    systemd.signalFirst = true;
    await createScope(request, options());
    assert.ok(systemd.units.has('test-c1.scope'));
  });

  test('a failed unit of the same name is forgotten, a living one is in the way', async () => {
    systemd.outcomes = ['exists', 'done'];
    await createScope(request, options());
    assert.deepEqual(systemd.calls.slice(-3), ['StartTransientUnit', 'ResetFailedUnit', 'StartTransientUnit']);
    systemd.outcomes = ['exists', 'exists'];
    await assert.rejects(createScope(request, options()), { kind: 'already_exists', code: 'unit_exists' });
  });

  test('a job that fails and a property that is refused are errors', async () => {
    systemd.outcomes = ['failed'];
    await assert.rejects(createScope(request, options()), { kind: 'failed_precondition', code: 'systemd_job' });
    systemd.outcomes = ['refused'];
    await assert.rejects(createScope(request, options()), {
      kind: 'internal',
      code: 'org.freedesktop.DBus.Error.InvalidArgs',
      message: /no such property/,
    });
  });

  test('a bad annotation is refused before systemd is asked', async () => {
    const annotations = { 'org.systemd.property.MemoryHigh': 'lots' };
    await assert.rejects(createScope({ ...request, annotations }, options()), { kind: 'invalid_argument' });
    assert.deepEqual(systemd.calls, []);
  });

  test('limits change, and the scope goes, twice without harm', async () => {
    await createScope(request, options());
    await updateScope({ unit, cgroups: 2, resources: { pids: { limit: 7 } } }, options());
    assert.equal(systemd.units.get('test-c1.scope')?.get('TasksMax'), 7n);
    await removeScope(unit, options());
    assert.equal(systemd.units.size, 0);
    await removeScope(unit, options());
  });

  test('a user has a manager of its own', async () => {
    const environment = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${run}/dbus/system_bus_socket` };
    const own = { runFolder: run, environment };
    assert.equal(await userManagerCgroup(own), '/user.slice/user-0.slice/user@0.service');
  });

  test('without a bus the manager is asked on its own socket', async () => {
    const own = mkdtempSync(join(tmpdir(), 'berth-run-'));
    mkdirSync(join(own, 'systemd', 'system'), { recursive: true });
    const served = FakeSystemd.serve(join(own, 'systemd', 'private'));
    await createScope(request, { runFolder: own, environment: {} });
    const peer = await served;
    assert.deepEqual(peer.calls, ['Subscribe', 'Get', 'StartTransientUnit']);
    assert.ok(peer.units.has('test-c1.scope'));
    await peer[Symbol.asyncDispose]();
    rmSync(own, { recursive: true });
  });

  test('a manager that dies before the job is done is not waited for', async () => {
    const own = mkdtempSync(join(tmpdir(), 'berth-run-'));
    mkdirSync(join(own, 'systemd', 'system'), { recursive: true });
    const served = FakeSystemd.serve(join(own, 'systemd', 'private')).then((peer) => {
      peer.outcomes = ['crash'];
      return peer;
    });
    await assert.rejects(createScope(request, { runFolder: own, environment: {} }), { kind: 'unavailable' });
    await (await served)[Symbol.asyncDispose]();
    rmSync(own, { recursive: true });
  });

  test('a bus without systemd, and a machine without a bus', async () => {
    const dead = { ...options(), environment: { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${run}/none` } };
    await assert.rejects(createScope(request, dead), { kind: 'unavailable', code: 'no_bus' });
    const empty = { runFolder: join(run, 'dbus'), environment: {} };
    await assert.rejects(createScope(request, empty), { kind: 'failed_precondition', code: 'no_systemd' });
  });
});
