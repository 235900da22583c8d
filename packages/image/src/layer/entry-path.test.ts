import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BerthError } from '@berth/model/error';
import { entryPath } from './entry-path.ts';

describe('entryPath', () => {
  it('cleans names into the root', () => {
    assert.deepEqual(entryPath('./a//b/./c/'), { path: 'a/b/c', parent: 'a/b', base: 'c' });
    assert.deepEqual(entryPath('/etc'), { path: 'etc', parent: '', base: 'etc' });
    assert.deepEqual(entryPath('a/../b'), { path: 'b', parent: '', base: 'b' });
    for (const root of ['', '.', './', '/', 'a/..'])
      assert.deepEqual(entryPath(root), { path: '', parent: '', base: '.' });
  });

  it('refuses names that lead out, and NUL', () => {
    for (const name of ['..', '../a', '/..', 'a/../../b', './../x'])
      assert.throws(() => entryPath(name), { code: 'path_escape' });
    assert.throws(() => entryPath('a\0b'), { code: 'bad_tar' });
  });

  it('agrees with path normalisation for every name that stays inside', () => {
    const component = fc.constantFrom('a', 'bc', '.', '..', '', '...', '.wh.x');
    fc.assert(
      fc.property(fc.array(component), (components) => {
        const name = components.join('/');
        const clean = posix.normalize(`./${name}`).replace(/\/$/, '');
        try {
          const { path } = entryPath(name);
          assert.equal(path, clean === '.' ? '' : clean);
        } catch (error) {
          assert.ok(error instanceof BerthError);
          assert.ok(posix.normalize(`./${name}`).startsWith('..'));
        }
      }),
    );
  });
});
