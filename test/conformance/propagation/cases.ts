import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Box } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';
import { bind, grant, tmpfs } from '../suite/spec.ts';

const mountinfo = 'read /proc/self/mountinfo';

/** A shared mount of the host's, for as long as `use` takes. */
async function withShared(box: Box, use: (folder: string) => Promise<void>): Promise<void> {
  const folder = path.join(box.folder, 'shared');
  mkdirSync(folder);
  execFileSync('mount', ['-t', 'tmpfs', '--make-shared', 'shared', folder]);
  mkdirSync(path.join(folder, 'inner'));
  try {
    await use(folder);
  } finally {
    execFileSync('umount', ['-R', folder]);
  }
}

const kinds: readonly (readonly [option: string, pattern: RegExp])[] = [
  ['private', /^$/],
  ['rprivate', /^$/],
  ['slave', /^master:\d+$/],
  ['rslave', /^master:\d+$/],
  ['shared', /^shared:\d+$/],
  ['rshared', /^shared:\d+$/],
  ['unbindable', /^unbindable$/],
];

const options = kinds.map(([option, pattern]): Case => ({
  name: `a bind mount with ${option}`,
  run: (box) =>
    withShared(box, async (folder) => {
      if (option.endsWith('shared')) box.spec.linux.rootfsPropagation = 'shared';
      box.spec.mounts.push(bind(folder, '/mnt', option));
      const seen = await box.probe([mountinfo]);
      assert.match(seen.mount('/mnt').propagation.join(' '), pattern);
    }),
}));

export const cases: readonly Case[] = [
  ...options,
  {
    name: 'a mount in a shared bind mount appears on the host',
    run: (box) =>
      withShared(box, async (folder) => {
        grant(box.spec, ['CAP_SYS_ADMIN']);
        box.spec.linux.rootfsPropagation = 'shared';
        box.spec.mounts.push(bind(folder, '/mnt', 'rshared'));
        await box.start(['mount x /mnt/inner tmpfs 0', 'wait']);
        assert.ok(readFileSync('/proc/self/mountinfo', 'utf8').includes(`${folder}/inner `));
      }),
  },
  {
    name: 'a mount of the host appears in an rslave bind mount, and not the other way round',
    run: (box) =>
      withShared(box, async (folder) => {
        grant(box.spec, ['CAP_SYS_ADMIN']);
        mkdirSync(path.join(folder, 'other'));
        box.spec.mounts.push(bind(folder, '/mnt', 'rslave'));
        await box.start(['mount x /mnt/other tmpfs 0', 'wait']);
        assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(`${folder}/other `));
        execFileSync('mount', ['-t', 'tmpfs', 'late', path.join(folder, 'inner')]);
        assert.equal((await box.execProbe([mountinfo])).mount('/mnt/inner').source, 'late');
      }),
  },
  {
    name: 'a mount of the host does not appear in a private bind mount',
    run: (box) =>
      withShared(box, async (folder) => {
        box.spec.mounts.push(bind(folder, '/mnt', 'rprivate'));
        await box.start();
        execFileSync('mount', ['-t', 'tmpfs', 'late', path.join(folder, 'inner')]);
        const seen = await box.execProbe([mountinfo]);
        assert.ok(!seen.mounts.some(({ target }) => target === '/mnt/inner'));
      }),
  },
  {
    name: 'the root is not shared without rootfsPropagation',
    probe: [mountinfo],
    expect: (seen) => assert.ok(!seen.mount('/').propagation.some((each) => each.startsWith('shared'))),
  },
  {
    name: 'rootfsPropagation shared makes the root shared',
    since: '1.5',
    spec: (spec) => (spec.linux.rootfsPropagation = 'shared'),
    probe: [mountinfo],
    expect: (seen) => assert.ok(seen.mount('/').propagation.some((each) => each.startsWith('shared'))),
  },
  {
    name: 'rootfsPropagation private leaves no peer',
    spec: (spec) => (spec.linux.rootfsPropagation = 'private'),
    probe: [mountinfo],
    expect: (seen) => assert.deepEqual(seen.mount('/').propagation, []),
  },
  {
    name: 'rootfsPropagation unbindable keeps the root from being bound',
    since: '1.5',
    spec: (spec) => {
      spec.linux.rootfsPropagation = 'unbindable';
      grant(spec, ['CAP_SYS_ADMIN']);
    },
    probe: [mountinfo, 'mount / /mnt none 4096'],
    expect: (seen) => {
      assert.deepEqual(seen.mount('/').propagation, ['unbindable']);
      assert.equal(seen.of('mount / /mnt none 4096'), 'EINVAL');
    },
  },
  {
    name: 'a mount without an option for it is private',
    spec: (spec) => void spec.mounts.push(tmpfs('/mnt')),
    probe: [mountinfo],
    expect: (seen) => assert.deepEqual(seen.mount('/mnt').propagation, []),
  },
];
