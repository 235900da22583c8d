import { strict as assert } from 'node:assert';
import { chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Box } from '../suite/box.ts';
import type { Case } from '../suite/case.ts';
import { refused } from '../suite/refusal.ts';
import { bind, type Spec, userNamespace } from '../suite/spec.ts';

type Mount = Spec['mounts'][number];

/** A folder of the host with a file of user 1000, bound with an idmap on /mnt. */
function mapped(box: Box, ...options: string[]): Mount {
  const folder = path.join(box.folder, 'files');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'file'), 'x');
  for (const each of [folder, path.join(folder, 'file')]) chownSync(each, 1000, 1000);
  const mapping = [{ containerID: 1000, hostID: 5000, size: 10 }];
  const mount: Mount = {
    ...bind(folder, '/mnt', ...options),
    uidMappings: mapping,
    gidMappings: structuredClone(mapping),
  };
  box.spec.mounts.push(mount);
  return mount;
}

interface Stat {
  readonly uid: number;
  readonly gid: number;
}

export const cases: readonly Case[] = [
  {
    name: 'ids on the disk appear as others',
    since: '1.2',
    spec: (_, box) => void mapped(box, 'idmap'),
    probe: ['stat /mnt/file'],
    expect: (seen) => {
      const { uid, gid } = seen.of<Stat>('stat /mnt/file');
      assert.deepEqual([uid, gid], [5000, 5000]);
    },
  },
  {
    name: 'mappings without an option map too',
    since: '1.2',
    spec: (_, box) => void mapped(box),
    probe: ['stat /mnt/file'],
    expect: (seen) => assert.equal(seen.of<Stat>('stat /mnt/file').uid, 5000),
  },
  {
    name: 'a recursive mapping',
    since: '1.2',
    spec: (_, box) => void mapped(box, 'ridmap'),
    probe: ['stat /mnt/file'],
    expect: (seen) => assert.equal(seen.of<Stat>('stat /mnt/file').uid, 5000),
  },
  {
    name: 'what is made through the mount has the id of the disk',
    since: '1.2',
    spec: (spec, box) => {
      mapped(box, 'idmap');
      spec.process.user = { uid: 5000, gid: 5000 };
    },
    probe: ['open /mnt/new create'],
    expect: (seen, box) => {
      assert.equal(seen.of('open /mnt/new create'), 'ok');
      assert.equal(statSync(path.join(box.folder, 'files/new')).uid, 1000);
    },
  },
  {
    name: 'with a user namespace, files of root appear as those of its root',
    since: '1.2',
    spec: (spec, box) => {
      userNamespace(spec);
      const folder = path.join(box.folder, 'files');
      mkdirSync(folder);
      const [uidMappings, gidMappings] = [
        structuredClone(spec.linux.uidMappings!),
        structuredClone(spec.linux.gidMappings!),
      ];
      spec.mounts.push({ ...bind(folder, '/mnt', 'idmap'), uidMappings, gidMappings });
    },
    probe: ['stat /mnt', 'open /mnt/new create'],
    expect: (seen, box) => {
      assert.equal(seen.of<Stat>('stat /mnt').uid, 0);
      assert.equal(seen.of('open /mnt/new create'), 'ok');
      assert.equal(statSync(path.join(box.folder, 'files/new')).uid, 0);
    },
  },
  {
    name: 'the option alone, with a user namespace, takes its mappings',
    since: '1.2',
    spec: (spec, box) => {
      userNamespace(spec);
      mkdirSync(path.join(box.folder, 'files'));
      spec.mounts.push(bind(path.join(box.folder, 'files'), '/mnt', 'idmap'));
    },
    probe: ['stat /mnt'],
    expect: (seen) => assert.equal(seen.of<Stat>('stat /mnt').uid, 0),
  },
  {
    name: 'the option alone, without a user namespace, is refused',
    since: '1.2',
    spec: (spec, box) => void spec.mounts.push(bind(box.bundle, '/mnt', 'idmap')),
    run: refused(/idmap|mapping/i),
  },
  {
    name: 'mappings of users only are refused',
    since: '1.2',
    spec: (_, box) => void delete mapped(box).gidMappings,
    run: refused(/mapping/i),
  },
];
