import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LinuxSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import type { RecordKind, Track } from '../plan/layout.ts';
import { text } from '../explain/word.ts';
import { encodePlan } from '../plan/encode.ts';
import type { Plan, PlanRecord } from '../plan/record.ts';
import { compileContainer } from './container.ts';
import { compileExec } from './exec.ts';
import type { HostFacts } from './facts.ts';
import { v1, v2 } from './golden-file.ts';
import { token } from './meeting.ts';

const facts: HostFacts = {
  id: 'c1',
  bundle: '/bundle',
  cgroup: v1,
  cgroupPath: '/c1',
  stdin: true,
  inherit: { preserve: 0 },
  architecture: 'x64',
};
const map = [{ containerID: 0, hostID: 100_000, size: 1000 }];
const hook = { path: '/bin/h' };
const base: RuntimeSpec = {
  ociVersion: '1.3.0',
  process: { user: { uid: 1000, gid: 1000 }, args: ['sh'], env: [], cwd: '/srv', terminal: true },
  root: { path: '/bundle/rootfs' },
  mounts: [{ destination: '/dev/pts', type: 'devpts', options: ['gid=5'] }],
  linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }, { type: 'network' }] },
};
const withUser: LinuxSpec = {
  ...base.linux,
  namespaces: [...base.linux.namespaces, { type: 'user' }],
  uidMappings: map,
  gidMappings: map,
};

function at(plan: Plan, kind: RecordKind, is: (record: PlanRecord) => boolean = () => true): number {
  const index = plan.records.findIndex((one) => one.kind === kind && is(one));
  assert.ok(index >= 0, `no ${kind}`);
  return index;
}

function around({ head, tail }: { readonly head: string | Uint8Array; readonly tail: string | Uint8Array }): unknown {
  return JSON.parse(`${text(head)}7${text(tail)}`);
}

/** Every wait has its post on the other track, and following both tracks comes to an end. */
function runs(plan: Plan): void {
  const tracks: Record<Track, PlanRecord[]> = { host: [], container: [] };
  for (const record of plan.records) tracks[record.track].push(record);
  const posted = { host: new Set<number>(), container: new Set<number>() };
  const isStuck = (track: Track) => {
    const [first] = tracks[track];
    return first?.kind === 'wait' && !posted[track === 'host' ? 'container' : 'host'].has(Number(first.token));
  };
  while (tracks.host.length + tracks.container.length > 0) {
    const track = (['host', 'container'] as const).find((one) => tracks[one].length > 0 && !isStuck(one));
    assert.ok(track, 'both tracks wait');
    const record = tracks[track].shift();
    if (record?.kind === 'post') posted[track].add(Number(record.token));
  }
}

describe('the order of steps of a bare runtime', () => {
  test('the two tracks never wait for each other at once', () => {
    const hooks = { createRuntime: [hook], createContainer: [hook], startContainer: [hook] };
    const process = { ...base.process, rlimits: [{ type: 'RLIMIT_NOFILE', soft: 9, hard: 9 }], oomScoreAdj: 1 };
    const mounts = [...base.mounts, { destination: '/t', type: 'tmpfs', options: ['tmpcopyup'] }];
    const all = { ...base, hooks, process, mounts };
    for (const linux of [base.linux, withUser]) {
      for (const created of ['ask', { gate: '/g' }, undefined] as const) {
        for (const cgroup of [v1, v2]) {
          for (const more of [{}, { rootless: true }, { systemdScope: true }]) {
            const options = { ...facts, ...more, created, cgroup, consoleSocket: '/c', pidfdSocket: '/p' };
            const plan = compileContainer({ ...all, linux }, options);
            runs(plan);
            encodePlan(plan);
          }
        }
      }
    }
  });

  test('an exec never waits for itself', () => {
    const process = { ...base.process, execCPUAffinity: { initial: '0', final: '1' } };
    for (const cgroup of [v1, v2]) {
      for (const namespaces of [base.linux.namespaces, withUser.namespaces]) {
        const plan = compileExec(process, { ...facts, cgroup, namespaces, pid: 7, consoleSocket: '/c' });
        runs(plan);
        encodePlan(plan);
      }
    }
  });

  test('the user namespace has its maps, and the process is root in it, before it makes anything', () => {
    const plan = compileContainer({ ...base, linux: withUser }, facts);
    const mapped = at(plan, 'wait', (one) => 'token' in one && one.token === token.mapped);
    assert.ok(mapped < at(plan, 'user') && at(plan, 'user') < at(plan, 'unshare'));
    assert.ok(at(plan, 'spawn') < at(plan, 'write_file', (one) => 'path' in one && one.path === 'uid_map'));
  });

  test('offsets of the clocks are written before the process changes its user', () => {
    const namespaces = [...withUser.namespaces, { type: 'time' as const }];
    const linux = { ...withUser, namespaces, timeOffsets: { boottime: { secs: 1 } } };
    const plan = compileContainer({ ...base, linux }, facts);
    const written = at(plan, 'write_file', (one) => 'path' in one && one.path === '/proc/self/timens_offsets');
    assert.ok(at(plan, 'unshare') < written && written < at(plan, 'setns') && at(plan, 'setns') < at(plan, 'user'));
    assert.equal(Number((plan.records[at(plan, 'spawn')] as PlanRecord<'spawn'>).flags) & 0x80, 0);
  });

  test('sources are opened by the host, before the process is there to inherit them', () => {
    const bind = { destination: '/a', type: 'bind', source: '/a' };
    const plan = compileContainer({ ...base, linux: withUser, mounts: [...base.mounts, bind] }, facts);
    assert.ok(plan.records.findLastIndex((one) => one.kind === 'tree_open') < at(plan, 'spawn'));
    assert.equal(
      plan.records.some((one) => one.kind === 'mknod' || one.kind === 'bind_mount'),
      false,
    );
  });

  test('hooks come in the order of the specification, each with its own view', () => {
    const hooks = { createRuntime: [hook], createContainer: [hook], startContainer: [hook] };
    const plan = compileContainer({ ...base, hooks }, { ...facts, created: { gate: '/g' } });
    const first = at(plan, 'hook');
    const last = plan.records.findLastIndex((one) => one.kind === 'hook');
    const prepared = at(plan, 'wait', (one) => 'token' in one && one.token === token.prepared);
    assert.ok(at(plan, 'fs_mount') < prepared && prepared < first && first < at(plan, 'pivot_root'));
    assert.ok(at(plan, 'gate') < last && last < plan.records.length - 1);
    const [inside, outside] = [plan.records[last], plan.records[first]] as PlanRecord<'hook'>[];
    assert.equal((around(outside!) as { status: string }).status, 'creating');
    assert.deepEqual(around(inside!), {
      ociVersion: '1.3.0',
      id: 'c1',
      status: 'created',
      pid: 7,
      bundle: '/bundle',
    });
    assert.deepEqual([outside!.cwd, inside!.cwd], ['/bundle', '']);
  });

  test('nothing of the process waits for the shim once it is at the gate', () => {
    const plan = compileContainer(base, { ...facts, created: { gate: '/g' } });
    assert.ok(plan.records.findLastIndex((one) => one.kind === 'wait') < at(plan, 'gate'));
    assert.ok(at(plan, 'chdir') < at(plan, 'program_check') && at(plan, 'program_check') < at(plan, 'gate'));
  });

  test('a label is told to the kernel after the hooks of the host and before its /proc is gone', () => {
    const process = { ...base.process, apparmorProfile: 'p' };
    const spec = { ...base, process, hooks: { createContainer: [hook] } };
    const plan = compileContainer(spec, { ...facts, apparmor: true });
    const label = at(plan, 'write_file', (one) => 'data' in one && one.data === 'exec p');
    assert.ok(at(plan, 'hook') < label && label < at(plan, 'pivot_root'));
  });

  test('a group that is not mapped is taken from devpts, and from nothing else', () => {
    const one = [{ containerID: 0, hostID: 1000, size: 1 }];
    const linux = { ...withUser, uidMappings: one, gidMappings: one };
    const plan = compileContainer({ ...base, linux }, { ...facts, rootless: true });
    assert.doesNotMatch(text((plan.records[at(plan, 'fs_mount')] as PlanRecord<'fs_mount'>).options), /gid/);
    const mapped = compileContainer({ ...base, linux: withUser }, facts);
    assert.match(text((mapped.records[at(mapped, 'fs_mount')] as PlanRecord<'fs_mount'>).options), /gid=5/);
  });

  test('where setgroups is denied nobody asks for it, and further groups are refused', () => {
    const one = [{ containerID: 0, hostID: 1000, size: 1 }];
    const linux = { ...withUser, uidMappings: one, gidMappings: one };
    const rootless = { ...facts, rootless: true };
    const plan = compileContainer({ ...base, linux }, rootless);
    assert.equal(
      plan.records.some(({ kind }) => kind === 'groups'),
      false,
    );
    const process = { ...base.process, user: { uid: 0, gid: 0, additionalGids: [5] } };
    assert.throws(() => compileContainer({ ...base, process, linux }, rootless), { kind: 'invalid_argument' });
  });

  test('a v2 cgroup is joined at birth, unless processors are to be chosen first', () => {
    const exec = { ...facts, cgroup: v2, namespaces: base.linux.namespaces };
    const born = compileExec(base.process, exec);
    assert.equal((born.records[at(born, 'spawn')] as PlanRecord<'spawn'>).cgroup, '/sys/fs/cgroup/c1');
    const moved = compileExec({ ...base.process, execCPUAffinity: { initial: '0' } }, exec);
    assert.equal((moved.records[at(moved, 'spawn')] as PlanRecord<'spawn'>).cgroup, '');
    assert.ok(at(moved, 'wait', (one) => one.track === 'host') < at(moved, 'cgroup_attach'));
  });
});

describe('system call filters with an agent', () => {
  const seccomp = {
    defaultAction: 'SCMP_ACT_ALLOW',
    listenerPath: '/agent',
    listenerMetadata: 'meta',
    flags: ['SECCOMP_FILTER_FLAG_TSYNC', 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV'],
    syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_NOTIFY' }],
  };

  test('get a listener, and the agent the state of the container', () => {
    const plan = compileContainer({ ...base, linux: { ...base.linux, seccomp } }, facts);
    const filter = plan.records[at(plan, 'seccomp')] as PlanRecord<'seccomp'>;
    assert.equal(filter.flags, 1 | 8 | 16 | 32);
    const connect = plan.records[at(plan, 'notify_connect')] as PlanRecord<'notify_connect'>;
    assert.deepEqual(around(connect), {
      ociVersion: '1.3.0',
      fds: ['seccompFd'],
      pid: 7,
      metadata: 'meta',
      state: { ociVersion: '1.3.0', id: 'c1', status: 'creating', bundle: '/bundle' },
    });
  });

  test('an exec names the first process beside its own', () => {
    const plan = compileExec(base.process, { ...facts, namespaces: base.linux.namespaces, seccomp, pid: 42 });
    const connect = plan.records[at(plan, 'notify_connect')] as PlanRecord<'notify_connect'>;
    const { pid, state } = around(connect) as { pid: number; state: { pid: number; status: string } };
    assert.deepEqual([pid, state.pid, state.status], [7, 42, 'running']);
  });

  test('without one lose the flag that the kernel would refuse', () => {
    const plain = { ...seccomp, syscalls: [] };
    const plan = compileContainer({ ...base, linux: { ...base.linux, seccomp: plain } }, facts);
    assert.equal((plan.records[at(plan, 'seccomp')] as PlanRecord<'seccomp'>).flags, 1);
  });
});
