import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { parseCgroupLayout } from '@berth/runtime/cgroup/detect';
import type { CgroupLayout } from '@berth/runtime/cgroup/layout';
import type { ContainerSpecInput } from '@berth/runtime/defaults/container-spec-input';
import { Machine, whyNot } from './fixture.ts';

/**
 * The machine's v2 hierarchy as if it were all there is. A hybrid machine's has no controllers, but device programs need
 * none: they belong to the cgroup itself.
 */
function unifiedOnly(): CgroupLayout | undefined {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const mounts = lines.filter((line) => line.includes(' - cgroup2 '));
  return mounts.length === 0 ? undefined : parseCgroupLayout(mounts.join('\n'));
}

const layout = unifiedOnly();
const skip = whyNot() ?? (layout === undefined ? 'cgroup2 is not mounted' : undefined);

describe('device rules on cgroup v2', { skip }, () => {
  let machine: Machine;

  before(async () => {
    machine = await Machine.open();
    Object.assign(machine, { layout });
  });
  after(() => machine[Symbol.asyncDispose]());

  /** A device that root may open anywhere and no container by itself. */
  const fuse = { path: '/dev/fuse', type: 'c', major: 10, minor: 229 } as const;

  async function outputOf(script: string, input: Partial<ContainerSpecInput>): Promise<string> {
    const running = await machine.run(script, input);
    await running.exited;
    await running.cgroup.remove();
    return running.output();
  }

  const open =
    '(: </dev/fuse) && echo may read; (: <>/dev/fuse) && echo may do both; echo x >/dev/null && echo has null';

  test('an allowed device is opened, and so are those that every container has', async () => {
    assert.equal(await outputOf(open, { devices: [fuse] }), 'may read\nmay do both\nhas null\n');
  });

  test('what may not be written is opened for reading only', async () => {
    const output = await outputOf(open, {
      devices: [fuse],
      deviceRules: [{ allow: false, type: 'c', major: 10, minor: 229, access: 'w' }],
    });
    assert.match(output, /may read\n/);
    assert.doesNotMatch(output, /may do both/);
    assert.match(output, /\/dev\/fuse: Operation not permitted/);
  });

  test('a forbidden device is not opened, though its node is there', async () => {
    const output = await outputOf(`${open}; ls /dev/fuse`, {
      devices: [fuse],
      deviceRules: [{ allow: false, type: 'c', major: 10, minor: 229, access: 'rwm' }],
    });
    assert.doesNotMatch(output, /may/);
    assert.match(output, /has null\n\/dev\/fuse\n/);
  });

  test('a privileged container opens everything', async () => {
    assert.match(await outputOf(open, { devices: [fuse], privileged: true }), /^may read\nmay do both\nhas null\n$/);
  });
});
