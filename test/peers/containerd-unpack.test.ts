import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { copyImages } from '@berth/image/copy/copy';
import { chainId } from '@berth/image/layer/chain-id';
import { openContainerdTarget } from '@berth/image/medium/containerd/target';
import { openOciSource } from '@berth/image/medium/oci/source';
import type { Digest } from '@berth/model/digest';
import type { Containerd } from '../bench/peer/containerd.ts';
import { archive, ociLayout, writeFiles } from '../harness/archives.ts';
import { runCommand } from '../harness/command.ts';
import { testImage } from '../harness/images.ts';
import type { Member } from '../harness/tar.ts';
import { snapshotterOf, startContainerd, whyNoContainerd } from './live-containerd.ts';

const { signal } = new AbortController();

const noise = (name: string): Member => ({ path: name, body: randomBytes(3 << 20) });

const lower: readonly Member[] = [
  noise('noise-1'),
  { path: 'kept/', mode: 0o2775, uid: 3, gid: 4, mtime: 1_500_000_000 },
  { path: 'kept/hidden', body: 'x' },
  { path: 'kept/stays', body: 'y', mode: 0o4755, uid: 5, mtime: 1_500_000_001 },
  { path: 'opaque/' },
  { path: 'opaque/hidden', body: 'x' },
  { path: 'becomes-file/' },
  { path: 'becomes-file/hidden', body: 'x' },
  { path: 'becomes-folder', body: 'x' },
];

const upper: readonly Member[] = [
  noise('noise-2'),
  { path: 'kept/.wh.hidden', body: '' },
  { path: 'kept/new', body: 'z', pax: { 'SCHILY.xattr.user.berth': 'yes' } },
  { path: 'opaque/' },
  { path: 'opaque/.wh..wh..opq', body: '' },
  { path: 'opaque/shown', body: 'x' },
  { path: 'becomes-file', body: 'now a file' },
  { path: 'becomes-folder/' },
  { path: 'becomes-folder/in', body: 'now in a folder' },
  { path: 'link', symlink: 'kept/new' },
  { path: 'second', hardlink: 'kept/new' },
  { path: 'null', device: { type: 'char', major: 1, minor: 3 }, mode: 0o666 },
  { path: 'implied/parent/file', body: 'x' },
];

/** Every file of a snapshot with what it has, by the command that mounts it at the folder. */
async function listTree(mount: string, at: string): Promise<string> {
  const run = async (command: string) => {
    const { code, stdout, stderr } = await runCommand(['sh', '-c', command]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  await run(mount);
  try {
    // Sizes and link counts of folders are the file system's own affair. Their times differ where a layer changes what is in
    // a folder that it does not describe: we leave the time that the layer below gave it.
    const lines = String.raw`find . -type d -printf '%P %y %m %U %G\n' -o -printf '%P %y %m %U %G %T@ %s %n %l\n' | sort`;
    return await run(`cd ${at} && ${lines} && find . -type f -exec sha256sum {} + | sort`);
  } finally {
    await run(`umount ${at}`);
  }
}

describe('what a copy unpacks for containerd', { skip: whyNoContainerd }, () => {
  let containerd: Containerd;
  let folder: string;
  let snapshotter: string;

  before(async () => {
    folder = mkdtempSync('/tmp/bcu-');
    containerd = await startContainerd();
    snapshotter = await snapshotterOf(containerd);
  });

  after(async () => {
    await containerd?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const ctr = (namespace: string, ...args: string[]) => containerd.expect(['--namespace', namespace, ...args]);

  it('unpacks big layers as containerd itself does', async () => {
    const at = mkdtempSync(path.join(folder, 'mount-'));
    const image = testImage({ layers: [lower, upper], compression: 'gzip' });
    const files = ociLayout(image, 'tag');
    await using source = await openOciSource(
      { path: writeFiles(files, path.join(folder, 'tree')), reference: 'tag' },
      { scratch: folder },
    );
    {
      await using target = await openContainerdTarget({ address: containerd.socket }, { namespace: 'ours', name: 'x' });
      await copyImages(source, target, { signal, platforms: 'host' });
    }
    const archived = path.join(folder, 'tree.tar');
    writeFileSync(archived, archive(ociLayout(image, 'localhost/tree:1')));
    await ctr('theirs', 'images', 'import', '--snapshotter', snapshotter, archived);
    const top = chainId(image.layers.map(({ diffId }) => diffId as Digest));
    const listings = [];
    for (const namespace of ['ours', 'theirs']) {
      // Not a view: nothing would hold it, and containerd may collect it before it is mounted.
      await ctr(namespace, 'snapshots', '--snapshotter', snapshotter, 'prepare', 'look', top);
      const mount = await ctr(namespace, 'snapshots', '--snapshotter', snapshotter, 'mounts', at, 'look');
      listings.push(await listTree(mount, at));
    }
    assert.match(listings[0]!, /noise-2/);
    assert.doesNotMatch(listings[0]!, /hidden/);
    assert.equal(listings[0], listings[1]);
  });
});
