import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { applyLayer } from '@berth/image/layer/apply';
import { tarArchive } from '@berth/image/tar/writer';
import { sha256 } from '@berth/model/digest';
import { treeLines } from './tree.ts';
import { type Content, needsRoot, Workplace } from './workplace.ts';

interface Case {
  readonly members: readonly Content[];
  /** The error's code; absent when the layer is harmless after all. */
  readonly code?: string;
}

const file = (name: string): Content => ({ name, content: 'evil' });
const link = (name: string, linkName: string): Content => ({ name, flag: '2', linkName });

const cases: Readonly<Record<string, Case>> = {
  'a name above the root': { members: [file('../victim/file')], code: 'path_escape' },
  'a name that goes up in the middle': { members: [file('a/../../victim/file')], code: 'path_escape' },
  'an absolute name': { members: [file('/victim/file')] },
  'an absolute name above the root': { members: [file('/../victim/file')], code: 'path_escape' },
  'a folder above the root': { members: [{ name: '..', flag: '5' }], code: 'path_escape' },
  'a linked parent': { members: [link('out', '../victim'), file('out/file')] },
  'an absolutely linked parent': { members: [link('out', 'VICTIM'), file('out/file')] },
  'a chain of links': { members: [link('a', '..'), link('b', 'a/..'), file('b/victim/file')] },
  'a folder replaced by a link': {
    members: [{ name: 'd/', flag: '5' }, file('d/x'), link('d', '../victim'), file('d/file')],
  },
  'a link to itself': { members: [link('a', 'a'), file('a/x')], code: 'eloop' },
  'a hard link out of the root': {
    members: [{ name: 'h', flag: '1', linkName: '../victim/file' }],
    code: 'path_escape',
  },
  'a hard link through a link': {
    members: [link('out', '../victim'), { name: 'h', flag: '1', linkName: 'out/file' }],
    code: 'bad_tar',
  },
  'a hard link to a link, then written': {
    members: [link('l', 'VICTIM/file'), { name: 'h', flag: '1', linkName: 'l' }, file('h')],
  },
  'a write over a link': { members: [link('l', 'VICTIM/file'), file('l')] },
  'a mode for a link': { members: [link('l', 'VICTIM/file'), { ...link('l', 'VICTIM/file'), mode: 0o7777, uid: 1 }] },
  'a folder over a link': {
    members: [link('l', 'VICTIM'), { name: 'l/', flag: '5', mode: 0o777, uid: 9 }, file('l/file')],
  },
  'a whiteout of ..': { members: [file('.wh...')], code: 'bad_whiteout' },
  'a whiteout of .': { members: [file('d/.wh..')], code: 'bad_whiteout' },
  'a whiteout of nothing': { members: [file('.wh.')], code: 'bad_whiteout' },
  'a whiteout through a link': { members: [link('out', '../victim'), file('out/.wh.file')] },
  'an opaque mark through a link': { members: [link('out', '../victim'), file('out/.wh..wh..opq')] },
  'a very long name': { members: [file('n'.repeat(300))], code: 'enametoolong' },
  'a very long path': { members: [file('n/'.repeat(3000))], code: 'enametoolong' },
  'a file as a folder': { members: [file('f'), file('f/x')], code: 'enotdir' },
  'a device, written': { members: [{ name: 'dev', flag: '3', major: 1, minor: 5 }, file('dev')] },
  'the root as a file': { members: [file('./')], code: 'bad_tar' },
  'the root as a link': { members: [link('.', '../victim')], code: 'bad_tar' },
  'an owner of -1': { members: [{ name: 'f', uid: 0xffff_ffff }], code: 'bad_tar' },
  'an unknown type': { members: [{ name: 'f', flag: 'V' }], code: 'bad_tar' },
};

describe('a hostile layer', { skip: needsRoot }, () => {
  for (const [name, { members, code }] of Object.entries(cases)) {
    for (const whiteouts of ['overlay', 'remove'] as const) {
      it(`touches nothing outside: ${name} (${whiteouts})`, async () => {
        using place = new Workplace();
        const home = place.folder();
        const victim = join(home, 'victim');
        mkdirSync(victim);
        writeFileSync(join(victim, 'file'), 'precious');
        const into = join(home, 'root');
        mkdirSync(into);
        const before = treeLines(victim);
        const real = members.map((member) =>
          member.linkName === undefined ? member : { ...member, linkName: member.linkName.replace('VICTIM', victim) },
        );
        const unpacked = place.unpack(real, into, { whiteouts });
        if (code === undefined) await unpacked;
        else await assert.rejects(unpacked, { name: 'BerthError', code });
        assert.deepEqual(treeLines(victim), before);
        assert.deepEqual(readdirSync(home).sort(), ['root', 'victim']);
      });
    }
  }

  it('may be very deep: what it replaces is removed all the same', async () => {
    using place = new Workplace();
    const into = place.folder();
    const deep = 'd/'.repeat(1900);
    await place.unpack(
      [file(`${deep}x`), link('far', deep.slice(0, -1)), file(`far/${deep}y`), { name: 'd', content: 'flat' }],
      into,
    );
    assert.equal(readFileSync(join(into, 'd'), 'utf8'), 'flat');
  });

  it('cannot use links that are in the folder already', async () => {
    using place = new Workplace();
    const home = place.folder();
    mkdirSync(join(home, 'victim'));
    const into = join(home, 'root');
    mkdirSync(into);
    symlinkSync('../victim', join(into, 'link'));
    symlinkSync('/proc/self/cwd', join(into, 'magic'));
    await place.unpack([file('link/x')], into);
    assert.deepEqual(readdirSync(join(home, 'victim')), []);
    await place.unpack([file('magic/x')], into);
    assert.ok(lstatSync(join(into, 'proc/self/cwd/x')).isFile());
  });
});

describe('a broken layer', { skip: needsRoot }, () => {
  const tar = tarArchive([
    { name: 'a', content: 'x'.repeat(3000) },
    { name: 'b', content: 'y' },
  ]);
  const gzip = gzipSync(tar);

  async function apply(blob: Buffer, job: object): Promise<void> {
    using place = new Workplace();
    await applyLayer({ source: { path: place.file(blob) }, compression: 'gzip', unpackTo: place.folder(), ...job });
  }

  it('is reported by what was promised of it', async () => {
    const digest = sha256(gzip);
    await apply(gzip, { expect: { digest, size: gzip.length, diffId: sha256(tar) } });
    await assert.rejects(apply(gzip, { expect: { digest: sha256('other') } }), {
      kind: 'data_loss',
      code: 'digest_mismatch',
    });
    await assert.rejects(apply(gzip, { expect: { digest, diffId: sha256('other') } }), {
      kind: 'data_loss',
      code: 'diff_id_mismatch',
    });
    await assert.rejects(apply(gzip, { expect: { size: 1 } }), { kind: 'data_loss', code: 'size_mismatch' });
    const flipped = Buffer.from(gzip);
    flipped[30]! ^= 0xff;
    await assert.rejects(apply(flipped, { expect: { digest } }), { kind: 'data_loss', code: 'digest_mismatch' });
    await assert.rejects(apply(gzip.subarray(0, 50), { expect: { digest, size: gzip.length } }), {
      kind: 'data_loss',
      code: 'size_mismatch',
    });
  });

  it('is refused when its own bytes are wrong', async () => {
    await assert.rejects(apply(gzip.subarray(0, -6), {}), { kind: 'invalid_argument', code: 'bad_compression' });
    await assert.rejects(apply(Buffer.concat([gzip, Buffer.from('trailing')]), {}), { code: 'bad_compression' });
    await apply(Buffer.concat([gzip, Buffer.alloc(4096)]), {});
    await assert.rejects(apply(gzipSync(tar.subarray(0, 1500)), {}), { kind: 'data_loss', code: 'truncated' });
    await assert.rejects(apply(tar, {}), { code: 'bad_compression' });
    await assert.rejects(apply(gzip, { compression: 'none' }), { kind: 'data_loss', code: 'truncated' });
    await assert.rejects(apply(Buffer.alloc(2048, 'no tar'), { compression: 'none' }), { code: 'bad_tar' });
    await assert.rejects(apply(zstdCompressSync(tar).subarray(0, -4), { compression: 'zstd' }), {
      code: 'bad_compression',
    });
    await apply(tarArchive([]), { compression: 'none' });
    await apply(Buffer.alloc(0), { compression: 'none' });
  });

  it('leaves no descriptor open, however it ends', async () => {
    using place = new Workplace();
    const open = (): number => readdirSync('/proc/self/fd').length;
    const path = place.file(gzip);
    const job = { source: { path }, compression: 'gzip', copyTo: join(place.path, 'copy') } as const;
    await applyLayer({ ...job, unpackTo: place.folder() });
    const before = open();
    await applyLayer({ ...job, unpackTo: place.folder() });
    await assert.rejects(applyLayer({ ...job, unpackTo: place.folder(), expect: { digest: sha256('other') } }));
    await assert.rejects(applyLayer({ ...job, unpackTo: join(place.path, 'missing') }));
    await assert.rejects(
      applyLayer({ ...job, source: { path: join(place.path, 'missing') }, unpackTo: place.folder() }),
    );
    await assert.rejects(place.unpack([{ name: 'd/', flag: '5' }, { name: 'd/x' }, { name: '../y' }], place.folder()));
    assert.equal(open(), before);
  });

  it('can be given up', async () => {
    using place = new Workplace();
    const big = place.file(tarArchive([{ name: 'big', content: Buffer.alloc(20_000_000, 1) }]));
    const controller = new AbortController();
    const job = { source: { path: big }, compression: 'none', unpackTo: place.folder() } as const;
    const running = applyLayer(job, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await assert.rejects(running, { kind: 'cancelled' });
    await assert.rejects(applyLayer(job, { signal: controller.signal }), { kind: 'cancelled' });
  });

  it('that is only copied is measured', async () => {
    using place = new Workplace();
    const copyTo = join(place.path, 'copy');
    const source = { path: place.file(gzip) };
    const copied = await applyLayer({ source, compression: 'gzip', copyTo });
    assert.equal(copied.diffId, undefined);
    assert.equal(copied.digest, sha256(gzip));
    assert.deepEqual(readFileSync(copyTo), gzip);
    const measured = await applyLayer({ source, compression: 'gzip', wantDiffId: true });
    assert.equal(measured.diffId, sha256(tar));
  });
});
