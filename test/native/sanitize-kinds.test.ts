/** The kinds of a whole OCI runtime with ASan and UBSan watching; any finding ends the shim, and so the test. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { buildNative } from '../../scripts/build-native.ts';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { type Bench, bench, run, skip } from './bench.ts';
import { CLONE, makeRoot, plainPlan } from './plans.ts';
import { listenAsAgent } from './seccomp-agent.ts';
import { firstId, idMap, treeAttach, treeOpen, userPlan, withHost } from './user-plan.ts';

const buildDir = join(import.meta.dirname, '../../build/native-sanitize');
const c = 'container' as const;

async function watched(t: TestContext): Promise<Bench> {
  // No leak check: it would trace the shim, which is not dumpable, and the shim leaves without tidying.
  process.env.ASAN_OPTIONS = 'detect_leaks=0';
  const { launcher } = await buildNative(buildDir, { sanitize: true });
  return bench(t, launcher);
}

function openRoot(b: Bench): string {
  const root = makeRoot(b.dir);
  chmodSync(b.dir, 0o755);
  chownSync(root, firstId, firstId);
  for (const folder of ['dev', 'proc', 'sys']) chownSync(join(root, folder), firstId, firstId);
  return root;
}

test('a user namespace, trees and a terminal under the sanitizers', { skip }, async (t) => {
  const b = await watched(t);
  const root = openRoot(b);
  const plan = userPlan(b.dir, root, ['/bin/sh', '-c', 'id -u; stat -c %u /tmp'], {
    terminal: true,
    early: [treeOpen(2, root, { uidMap: idMap, gidMap: idMap, set: 1, recursiveMapping: 1 })],
    inside: [treeAttach(2, '/tmp')],
  });
  const { listener } = await run(b, plan);
  await listener.exit();
  // The host's firstId is nobody's twice over: the map turns it into what the container does not know.
  assert.equal(listener.text(), '0\r\n65534\r\n');
});

test(
  'a process born into a joined user namespace, and one that cannot be, under the sanitizers',
  { skip },
  async (t) => {
    const b = await watched(t);
    const joinUser = (path: string): PlanRecord => ({ kind: 'join_early', track: 'host', path });
    const plan = (path: string) =>
      withHost(plainPlan(b.dir, ['/bin/busybox', 'sh', '-c', 'echo $$'], { flags: CLONE.NEWPID }), [joinUser(path)]);
    await assert.rejects(run(b, plan('/proc/self/ns/user')), { errnoName: 'EINVAL' });
    const other = await watched(t);
    const root = openRoot(other);
    const first = await run(other, userPlan(other.dir, root, ['/bin/sh', '-c', 'read line'], { stdin: true }));
    const { listener } = await run(b, plan(`/proc/${first.started.pid}/ns/user`));
    await listener.exit();
    assert.equal(listener.text(), '1\n');
    await first.shim.closeStdin(0);
    await first.listener.exit();
  },
);

test('a seccomp listener under the sanitizers', { skip }, async (t) => {
  const b = await watched(t);
  using agent = listenAsAgent(join(b.dir, 'agent'));
  const plan = withHost(plainPlan(b.dir, ['/bin/busybox', 'true']), [
    { kind: 'notify_connect', track: 'host', path: join(b.dir, 'agent'), head: '<', tail: '>' },
  ]);
  const allow = Buffer.from('060000000000ff7f', 'hex');
  plan.records.splice(-1, 0, { kind: 'seccomp', track: c, flags: 8, program: allow });
  const { listener, started } = await run(b, plan);
  assert.equal(agent.receive(), `<${started.pid}>`);
  await listener.exit();
});
