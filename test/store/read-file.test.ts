import assert from 'node:assert/strict';
import { constants, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import * as file from '@berth/addon/file';
import { AT_FDCWD, O_PATH, RESOLVE_IN_ROOT, S_IFCHR, S_IFIFO } from '@berth/addon/flag';
import { setXattr } from '@berth/addon/xattr';
import { readFileInLayers } from '@berth/engine/store/tree/read-file';
import { needsRoot, Workplace } from './workplace.ts';

type Entry =
  | { readonly kind: 'file' | 'whiteout' | 'folder' | 'opaque' | 'pipe' }
  | { readonly kind: 'link'; readonly target: string };

/** Path to entry; folders on the way are made. */
type Layer = Readonly<Record<string, Entry>>;

/** An entry below one that is not a folder is left out: it would land where a link leads. */
function makeLayer(root: string, layer: Layer): void {
  for (const [name, entry] of Object.entries(layer).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const above = ancestors(name).map((ancestor) => layer[ancestor]?.kind ?? 'folder');
    if (!above.every((kind) => kind === 'folder' || kind === 'opaque')) continue;
    const full = path.join(root, name);
    mkdirSync(path.dirname(full), { recursive: true });
    makeEntry(full, entry, `${root} ${name}`);
  }
}

function ancestors(name: string): string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, n) => parts.slice(0, n + 1).join('/'));
}

function makeEntry(full: string, entry: Entry, content: string): void {
  if (entry.kind === 'file') writeFileSync(full, content, { flag: 'wx' });
  else if (entry.kind === 'link') symlinkSync(entry.target, full);
  else if (entry.kind === 'whiteout') file.mknodat(AT_FDCWD, full, S_IFCHR);
  else if (entry.kind === 'pipe') file.mknodat(AT_FDCWD, full, S_IFIFO | 0o600);
  else {
    mkdirSync(full, { recursive: true });
    if (entry.kind === 'folder') return;
    const dirfd = file.openat2(AT_FDCWD, full, { flags: O_PATH | constants.O_DIRECTORY });
    setXattr({ dirfd, name: '.' }, 'trusted.overlay.opaque', Buffer.from('y'));
    file.close(dirfd);
  }
}

/** What the kernel answers for a path in a mounted tree, resolved inside of it. */
function readMounted(root: string, name: string): string | undefined {
  const dirfd = file.openat2(AT_FDCWD, root, { flags: O_PATH | constants.O_DIRECTORY });
  try {
    const fd = file.openat2(dirfd, name, {
      flags: constants.O_RDONLY | constants.O_NONBLOCK,
      resolve: RESOLVE_IN_ROOT,
    });
    try {
      return readFileSync(fd, 'utf8');
    } finally {
      file.close(fd);
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ELOOP' ? 'too many links' : undefined;
  } finally {
    file.close(dirfd);
  }
}

function readOurs(layers: readonly string[], name: string): string | undefined {
  try {
    const bytes = readFileInLayers(layers, name, 1000);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString();
  } catch (error) {
    if ((error as { code?: string }).code === 'too_many_links') return 'too many links';
    throw error;
  }
}

function compare(layers: readonly Layer[], names: readonly string[]): void {
  using place = new Workplace();
  const folders = layers.map((layer) => {
    const folder = place.folder();
    makeLayer(folder, layer);
    return folder;
  });
  const options = [`lowerdir=${folders.map((folder) => path.basename(folder)).join(':')}`, 'ro'];
  const root = place.mount({ type: 'overlay', source: 'overlay', options, cwd: place.path });
  for (const name of names) assert.equal(readOurs(folders, name), readMounted(root, name), name);
}

const shortNames = ['a', 'b', 'c'];
const names = shortNames.flatMap((one) => [one, ...shortNames.flatMap((two) => [`${one}/${two}`, `${one}/${two}/a`])]);
const targets = ['a', 'b', '/a', '/b/c', '../c', '../../b', '../../../a/b', 'c/a', './b/../c', '/', '..', 'missing'];

describe('reading a file in layers', { skip: needsRoot }, () => {
  const read = (layers: readonly Layer[], name: string, limit = 100): Uint8Array | undefined => {
    using place = new Workplace();
    const folders = layers.map((layer) => {
      const folder = place.folder();
      makeLayer(folder, layer);
      return folder;
    });
    return readFileInLayers(folders, name, limit);
  };

  it('shows what a mount shows, whatever the layers hold', () => {
    const entry: fc.Arbitrary<Entry> = fc.oneof(
      { weight: 4, arbitrary: fc.constant({ kind: 'file' as const }) },
      fc.record({ kind: fc.constantFrom('whiteout' as const, 'folder' as const, 'opaque' as const) }),
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('link' as const), target: fc.constantFrom(...targets) }) },
    );
    const layer = fc.dictionary(fc.constantFrom(...names), entry, { maxKeys: 8 });
    const layers = fc.array(layer, { minLength: 2, maxLength: 4 });
    const numRuns = Number(process.env['BERTH_PROPERTY_RUNS'] ?? 60);
    fc.assert(
      fc.property(layers, (all) => compare(all, names)),
      { numRuns },
    );
  });

  it('follows links only inside the layers', () => {
    const link = (target: string): Entry => ({ kind: 'link', target });
    assert.equal(read([{ 'etc/passwd': link('/etc/shadow') }, {}], 'etc/passwd'), undefined);
    assert.equal(read([{ 'etc/passwd': link('../../../../../../etc/hostname') }, {}], 'etc/passwd'), undefined);
    assert.equal(read([{ etc: link('/proc/self/root/etc') }, {}], 'etc/passwd'), undefined);
  });

  it('goes over a link in one layer to a file in another', () => {
    const top: Layer = { 'etc/passwd': { kind: 'link', target: '/usr/passwd' } };
    assert.ok(read([top, { 'usr/passwd': { kind: 'file' } }], '/etc/passwd'));
  });

  it('gives up on links without end', () => {
    assert.throws(() => read([{ a: { kind: 'link', target: 'a' } }, {}], 'a'), { code: 'too_many_links' });
  });

  it('reads regular files only, and does not wait for pipes', () => {
    assert.equal(read([{ a: { kind: 'pipe' } }], 'a'), undefined);
    assert.equal(read([{ a: { kind: 'folder' } }], 'a'), undefined);
    assert.equal(read([{ a: { kind: 'file' } }], 'a/b'), undefined);
    assert.equal(read([{ a: { kind: 'link', target: 'x'.repeat(2000) } }], 'a'), undefined);
  });

  it('refuses files above the limit', () => {
    assert.throws(() => read([{ a: { kind: 'file' } }], 'a', 3), { code: 'file_too_large' });
  });
});
