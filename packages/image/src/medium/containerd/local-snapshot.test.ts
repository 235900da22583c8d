import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { type Mount, MountSchema } from '@berth/wire/gen/containerd/types/mount_pb';
import { snapshotFolder } from './local-snapshot.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-snapshot-'));
const folder = mkdtempSync(join(root, 'own-'));
after(() => rmSync(root, { recursive: true }));

const mount = (type: string, source: string, ...options: string[]): Mount =>
  create(MountSchema, { type, source, options });
const overlay = (...more: string[]) =>
  mount('overlay', 'overlay', 'index=off', `workdir=${root}/w`, `upperdir=${folder}`, 'lowerdir=/b:/a', ...more);

test('of overlayfs it is the upper folder, with those below', () => {
  assert.deepEqual(snapshotFolder([overlay()], root), { folder, parents: ['/b', '/a'], whiteouts: 'overlay' });
});

test('of a bind mount it is the folder, which has all below in itself', () => {
  const found = snapshotFolder([mount('bind', folder, 'rw', 'rbind')], root);
  assert.deepEqual(found, { folder, parents: [], whiteouts: 'remove' });
});

test('other mounts have none: views, devices, marks of a user namespace, several at once', () => {
  for (const mounts of [
    [],
    [mount('bind', folder, 'ro', 'rbind')],
    [mount('overlay', 'overlay', 'lowerdir=/b:/a')],
    [mount('ext4', '/dev/mapper/x', 'rw')],
    [overlay('userxattr')],
    [overlay(), overlay()],
  ])
    assert.equal(snapshotFolder(mounts, root), undefined);
});

test('a folder that is not below the root, or not there, is none of ours', () => {
  assert.equal(snapshotFolder([overlay()], `${root}/other`), undefined);
  assert.equal(snapshotFolder([mount('bind', `${root}/none`, 'rw')], root), undefined);
});
