import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Member, tar } from './tar.ts';

/** An image in memory, before it has the form of an archive. */
export interface TestImage {
  readonly config: Blob;
  readonly layers: readonly Layer[];
}

export interface Blob {
  readonly bytes: Buffer;
  readonly digest: string;
}

export interface Layer extends Blob {
  readonly mediaType: string;
  readonly diffId: string;
  /** The uncompressed tar. */
  readonly tar: Buffer;
}

export interface ImageOptions {
  readonly layers?: readonly (readonly Member[])[];
  readonly compression?: 'none' | 'gzip' | 'zstd';
  /** The image's run config: Cmd, Entrypoint, Env, User, WorkingDir, … */
  readonly run?: Readonly<Record<string, unknown>>;
}

const layerType = 'application/vnd.oci.image.layer.v1.tar';

/** An image of busybox, or of the layers that are given. */
export function testImage({ layers = [busybox()], compression = 'none', run }: ImageOptions = {}): TestImage {
  const made = layers.map((members) => makeLayer(tar(members), compression));
  const config = {
    created: '2026-01-02T03:04:05Z',
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Cmd: ['sh'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], ...run },
    rootfs: { type: 'layers', diff_ids: made.map(({ diffId }) => diffId) },
    history: made.map((_, index) => ({ created: '2026-01-02T03:04:05Z', created_by: `layer ${index}` })),
  };
  return { config: jsonBlob(config), layers: made };
}

const applets =
  'sh cat echo true false sleep ls id env hostname ps kill mount umount touch mkdir rm ln stat head tail tee dd seq ' +
  'yes stty tty wc grep sed awk cut sort uniq date printf test pwd chmod chown df du free nproc ip nc wget usleep ' +
  'readlink realpath find xargs md5sum sha256sum tr uname which whoami timeout trap';

/** A root file system with busybox, root and two more users. */
export function busybox(): Member[] {
  const folder = (path: string, mode = 0o755): Member => ({ path: `${path}/`, mode });
  return [
    ...['bin', 'dev', 'etc', 'home', 'proc', 'sys', 'usr', 'usr/bin', 'var', 'var/log'].map((path) => folder(path)),
    folder('root', 0o700),
    folder('tmp', 0o1777),
    { path: 'bin/busybox', mode: 0o755, body: readFileSync('/bin/busybox') },
    ...applets.split(' ').map((name) => ({ path: `bin/${name}`, symlink: 'busybox' })),
    {
      path: 'etc/passwd',
      body: 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/:/bin/false\napp:x:1000:1000::/home:/bin/sh\n',
    },
    { path: 'etc/group', body: 'root:x:0:\ndaemon:x:1:app\napp:x:1000:\nvideo:x:44:app\n' },
  ];
}

function makeLayer(bytes: Buffer, compression: 'none' | 'gzip' | 'zstd'): Layer {
  const suffix = compression === 'none' ? '' : `+${compression}`;
  const packed = compression === 'gzip' ? gzipSync(bytes) : compression === 'zstd' ? zstdCompressSync(bytes) : bytes;
  return { ...blob(packed), mediaType: `${layerType}${suffix}`, diffId: digestOf(bytes), tar: bytes };
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function blob(bytes: Buffer): Blob {
  return { bytes, digest: digestOf(bytes) };
}

export function jsonBlob(value: unknown): Blob {
  return blob(Buffer.from(JSON.stringify(value)));
}
