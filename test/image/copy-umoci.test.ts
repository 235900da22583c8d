import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { copyImages } from '@berth/image/copy/copy';
import { openOciSource } from '@berth/image/medium/oci/source';
import { openOciTarget } from '@berth/image/medium/oci/target';
import { MemoryMedium } from '@berth/image/medium/memory-medium';
import { type SuiteImage, suiteImage, suiteSource } from '@berth/image/medium/suite-images';

const missing = existsSync('/usr/bin/umoci') ? false : 'umoci is not installed';
const signal = AbortSignal.timeout(240_000);

describe('layout folders and umoci', { skip: missing }, () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'berth-umoci-'));
    path = join(folder, 'layout');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const umoci = (...args: string[]): string => execFileSync('umoci', args, { encoding: 'utf8', cwd: folder });

  async function put(image: SuiteImage, reference: string): Promise<void> {
    await using target = await openOciTarget({ path, reference }, signal);
    await copyImages(suiteSource(image), target, { signal, platforms: 'all' });
  }

  it('are listed, told of and unpacked', async () => {
    await put(suiteImage({ layers: ['one', 'two'] }), '1.0');
    await put(suiteImage({ layers: ['three'], compression: 'none' }), 'docker.io/library/app:2');
    assert.deepEqual(umoci('list', '--layout', path).trim().split('\n').sort(), ['1.0', 'docker.io/library/app:2']);
    const { history } = JSON.parse(umoci('stat', '--json', '--image', `${path}:1.0`)) as { history: unknown[] };
    assert.equal(history.length, 2);
    umoci('unpack', '--rootless', '--image', `${path}:1.0`, 'bundle');
    assert.equal(readFileSync(join(folder, 'bundle/rootfs/file-1'), 'utf8'), 'two');
  });

  it('are changed by it, and keep what both wrote', async () => {
    await put(suiteImage(), '1.0');
    umoci('config', '--image', `${path}:1.0`, '--tag', 'changed', '--config.user', '1000');
    await put(suiteImage({ layers: ['three'] }), 'third');
    assert.deepEqual(umoci('list', '--layout', path).trim().split('\n').sort(), ['1.0', 'changed', 'third']);
    await using source = await openOciSource({ path, reference: 'changed' }, { scratch: folder });
    const memory = new MemoryMedium();
    await copyImages(source, memory, { signal, platforms: 'all' });
    assert.ok([...memory.blobs.values()].some((bytes) => Buffer.from(bytes).includes('"User":"1000"')));
    const blobs = readdirSync(join(path, 'blobs/sha256')).length;
    umoci('gc', '--layout', path);
    assert.equal(readdirSync(join(path, 'blobs/sha256')).length, blobs);
  });
});
