import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { buildSpec } from '../defaults/spec.ts';
import type { ContainerSpecInput } from '../defaults/container-spec-input.ts';
import type { RecordKind } from '../plan/layout.ts';
import type { Plan } from '../plan/record.ts';
import { compileContainer } from './container.ts';
import type { HostFacts } from './facts.ts';

const facts: HostFacts = {
  cgroup: {
    version: 1,
    hierarchies: [{ mountPoint: '/sys/fs/cgroup/memory', controllers: ['memory'] }],
    controllers: [],
  },
  cgroupPath: '/berth/c1',
  stdin: false,
  architecture: 'x64',
  shim: { socket: '/s', journal: '/j', log: '', logMaxBytes: 0, logMaxFiles: 1 },
};

function spec(input: Partial<ContainerSpecInput>): RuntimeSpec {
  const host = { architecture: 'x64', kernel: '6.18.0' } as const;
  return buildSpec({ rootPath: '/srv/root', args: ['sh'], hostname: 'c', ...input }, host);
}

const plan = (input: Partial<ContainerSpecInput> = {}) => compileContainer(spec(input), facts);
const first = (made: Plan, kind: RecordKind) => made.records.findIndex((one) => one.kind === kind);
const last = (made: Plan, kind: RecordKind) => made.records.findLastIndex((one) => one.kind === kind);
const other = { uid: 1000, gid: 1000 };

function inOrder(made: Plan, ...kinds: readonly RecordKind[]): void {
  const places = kinds.map((kind) => last(made, kind));
  assert.ok(
    places.every((place) => place >= 0),
    `missing one of ${kinds.join(' ')}`,
  );
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
    kinds.join(' '),
  );
}

describe('the order of steps', () => {
  test('privileges are dropped in the only order the kernel allows', () => {
    inOrder(plan({ user: other }), 'bounding', 'keep_caps', 'groups', 'user', 'capset', 'ambient', 'execve');
  });

  test('a filter without no_new_privs is loaded while CAP_SYS_ADMIN is there', () => {
    inOrder(plan({ user: other }), 'user', 'seccomp', 'capset', 'execve');
    const bridge = plan({ user: other }).records.find((one) => one.kind === 'capset');
    assert.equal(BigInt(bridge?.effective ?? 0) & (1n << 21n), 1n << 21n);
    assert.equal(bridge?.soft, undefined);
  });

  test('with no_new_privs the filter is the last thing before the program', () => {
    const made = plan({ noNewPrivileges: true });
    inOrder(made, 'capset', 'ambient', 'no_new_privs', 'seccomp', 'execve');
    assert.equal(last(made, 'seccomp'), made.records.length - 2);
  });

  test('the cgroup namespace is made, and shown, once the process is in its cgroup', () => {
    const made = plan();
    const [wait, unshare] = [last(made, 'wait'), last(made, 'unshare')];
    const mounted = made.records.findIndex((one) => one.kind === 'fs_mount' && one.target === '/sys/fs/cgroup');
    assert.ok(wait < unshare && unshare < mounted && mounted < last(made, 'execve'));
  });

  test('everything that needs no cgroup is before the wait, the pivot too', () => {
    const made = plan();
    for (const kind of ['mknod', 'symlink', 'pivot_root', 'mask', 'make_readonly'] as const) {
      assert.ok(last(made, kind) < last(made, 'wait'), kind);
    }
  });

  test('the pivot comes later when something is bound below the cgroup mount', () => {
    const binds = [{ source: '/srv/x', destination: '/sys/fs/cgroup/x' }];
    const made = plan({ binds });
    const bound = made.records.findIndex((one) => one.kind === 'bind_mount');
    assert.ok(last(made, 'wait') < bound && bound < last(made, 'pivot_root'));
  });

  test('the root becomes read-only after all that is made in it', () => {
    const made = plan({ readonlyRootfs: true, cwd: '/new' });
    for (const kind of ['mkdir', 'fs_mount', 'mknod', 'symlink', 'pivot_root'] as const) {
      assert.ok(last(made, kind) < first(made, 'root_attributes'), kind);
    }
  });

  test('the oom score is written while the host has its /proc in view, and may fail', () => {
    const made = plan({ oomScoreAdj: 100 });
    const index = made.records.findIndex((one) => one.kind === 'write_file' && one.path === '/proc/self/oom_score_adj');
    assert.ok(index < first(made, 'unshare'));
    assert.equal(made.records[index]?.soft, true);
  });

  test('settings and devices are written before their paths are closed', () => {
    inOrder(plan(), 'mknod', 'sysctl', 'make_readonly', 'mask');
  });

  test('a read-only /dev is sealed after its devices are made', () => {
    const base = spec({});
    const mounts = base.mounts.map((one) =>
      one.destination === '/dev' ? { ...one, options: [...(one.options ?? []), 'ro'] } : one,
    );
    const made = compileContainer({ ...base, mounts }, facts);
    const sealed = made.records.findIndex((one) => one.kind === 'mount' && one.target === '/dev');
    assert.ok(last(made, 'mknod') < sealed && last(made, 'pivot_root') < sealed);
  });
});
