import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { Launcher } from '../../packages/runtime/src/shim/launcher.ts';
import { buildNative } from '../../scripts/build-native.ts';
import { bench, run, skip } from './bench.ts';
import { CLONE, MS, makeRoot, plainPlan, program } from './plans.ts';
import { fsMount, NEWUSER, withHost } from './user-plan.ts';

const c = 'container' as const;
const nobody = 65_432;

test('a shim without rights makes a container for its own user', { skip }, async (t) => {
  const b = await bench(t);
  const root = makeRoot(b.dir);
  for (const path of ['', 'bin', 'dev', 'proc', 'sys', 'etc', 'tmp']) chownSync(join(root, path), nobody, nobody);
  chmodSync(b.dir, 0o755);
  const home = join(b.dir, 'home');
  mkdirSync(home);
  chownSync(home, nobody, nobody);
  process.env.BERTH_TEST_USER = String(nobody);
  process.env.BERTH_TEST_PROGRAM = (await buildNative()).launcher;
  const own = await Launcher.start({ binary: program('as_user'), socket: join(home, 'l') });
  const waiting = 7;
  const inside: PlanRecord[] = [
    { kind: 'wait', track: c, token: waiting },
    { kind: 'user', track: c, uid: 0, gid: 0 },
    { kind: 'unshare', track: c, flags: CLONE.NEWNS | CLONE.NEWNET | CLONE.NEWUTS | CLONE.NEWIPC },
    { kind: 'mount', track: c, source: '', target: '/', type: '', data: '', cwd: '', flags: MS.REC | MS.SLAVE },
    { kind: 'mount', track: c, source: root, target: root, type: '', data: '', cwd: '', flags: MS.BIND | MS.REC },
    { kind: 'root_open', track: c, path: root },
    fsMount('proc', '/proc'),
    fsMount('sysfs', '/sys', [], 0xf),
    { kind: 'pivot_root', track: c },
  ];
  const plan = withHost(
    plainPlan(home, ['/bin/sh', '-c', 'echo $$ `id -u`; cat /proc/self/setgroups'], {
      flags: NEWUSER | CLONE.NEWPID,
      inside,
    }),
    [],
    [
      { kind: 'write_file', track: 'host', path: 'setgroups', data: 'deny' },
      { kind: 'write_file', track: 'host', path: 'uid_map', data: `0 ${nobody} 1\n` },
      { kind: 'write_file', track: 'host', path: 'gid_map', data: `0 ${nobody} 1\n` },
      { kind: 'post', track: 'host', token: waiting },
    ],
  );
  const { listener } = await run({ ...b, launcher: own }, plan);
  await listener.exit();
  assert.equal(listener.text(), '1 0\ndeny\n');
  await own.close();
});
