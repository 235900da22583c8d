import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MOUNT_ATTR as A, MS } from './kernel-flags.ts';
import { parseMountOptions } from './mount-option.ts';

describe('mount options', () => {
  test('are sorted into attributes, propagation and what the file system takes', () => {
    const options = parseMountOptions(['rbind', 'nosuid', 'ro', 'rslave', 'size=1m', 'sync']);
    assert.equal(options.bind, 'rbind');
    assert.equal(options.set, A.MOUNT_ATTR_NOSUID | A.MOUNT_ATTR_RDONLY);
    assert.equal(options.propagation, MS.MS_SLAVE | MS.MS_REC);
    assert.equal(options.superblock, MS.MS_SYNCHRONOUS);
    assert.deepEqual(options.data, ['size=1m']);
  });

  test('a later option wins', () => {
    assert.equal(parseMountOptions(['ro', 'rw']).set, 0);
    assert.equal(parseMountOptions(['rw', 'ro']).set, A.MOUNT_ATTR_RDONLY);
    assert.equal(parseMountOptions(['ro', 'rw']).clear, A.MOUNT_ATTR_RDONLY);
  });

  test('setting an access time mode clears the whole field, as the kernel demands', () => {
    for (const mode of ['noatime', 'strictatime', 'relatime']) {
      assert.equal(parseMountOptions([mode]).clear, A.MOUNT_ATTR__ATIME, mode);
    }
    assert.equal(parseMountOptions(['noatime', 'strictatime']).set, A.MOUNT_ATTR_STRICTATIME);
  });

  test('the r forms are for the whole tree, the plain ones for the mount alone', () => {
    const { set, treeSet } = parseMountOptions(['ro', 'rnosuid']);
    assert.deepEqual([set, treeSet], [A.MOUNT_ATTR_RDONLY | A.MOUNT_ATTR_NOSUID, A.MOUNT_ATTR_NOSUID]);
    // Not an r form of something: these are words of their own.
    assert.equal(parseMountOptions(['relatime', 'rw']).treeClear, 0);
  });

  test('words of the runtime spec are no options of a file system', () => {
    const options = parseMountOptions(['rbind', 'idmap', 'ridmap', 'tmpcopyup', 'mand', 'iversion', 'async', 'x=1']);
    assert.deepEqual(options.data, ['x=1']);
    assert.deepEqual([options.idmap, options.copyUp], ['ridmap', true]);
  });

  test('no option is ever both set and cleared, the access time field apart', () => {
    const words = fc.constantFrom(
      'ro',
      'rw',
      'suid',
      'nosuid',
      'dev',
      'nodev',
      'exec',
      'noexec',
      'rro',
      'noatime',
      'relatime',
      'strictatime',
    );
    fc.assert(
      fc.property(fc.array(words), (list) => {
        const { set, clear } = parseMountOptions(list);
        assert.equal(set & clear & ~A.MOUNT_ATTR__ATIME, 0);
      }),
    );
  });
});
