import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { getXattr } from '@berth/addon/xattr';
import { relabel } from '@berth/runtime/launch/relabel';

const label = 'system_u:object_r:container_file_t:s0:c1,c2';
const skip = process.getuid?.() === 0 ? false : 'needs root: labels are attributes of the system';

describe('SELinux labels of mounted files', { skip }, () => {
  const folder = mkdtempSync('/tmp/bt-label-');
  after(() => rmSync(folder, { recursive: true }));

  const labelOf = (name: string) => {
    const dirfd = openSync(path.dirname(path.join(folder, name)), 'r');
    try {
      return getXattr({ dirfd, name: path.basename(name) }, 'security.selinux')?.toString();
    } finally {
      closeSync(dirfd);
    }
  };

  test('a folder gets it with all that is in it, and nothing that a link leads to', () => {
    for (const name of ['in/deep', 'out']) mkdirSync(path.join(folder, name), { recursive: true });
    writeFileSync(path.join(folder, 'in/deep/file'), '');
    symlinkSync('../out', path.join(folder, 'in/link'));
    relabel(path.join(folder, 'in'), label);
    for (const name of ['in', 'in/deep', 'in/deep/file', 'in/link']) assert.equal(labelOf(name), `${label}\0`, name);
    assert.equal(labelOf('out'), undefined);
  });

  test('what is mounted below keeps its own', () => {
    const below = path.join(folder, 'in/mounted');
    mkdirSync(below);
    assert.equal(spawnSync('mount', ['-t', 'tmpfs', 'labels', below]).status, 0);
    try {
      writeFileSync(path.join(below, 'file'), '');
      relabel(path.join(folder, 'in'), label);
      assert.equal(labelOf('in/mounted/file'), undefined);
    } finally {
      spawnSync('umount', [below]);
    }
  });

  test('folders of the system are refused', () => {
    for (const place of ['/', '/usr/', '/etc']) assert.throws(() => relabel(place, label), { code: 'may_not_relabel' });
  });
});
