import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { tarArchive } from '../../packages/image/src/tar/writer.ts';

const source = path.join(import.meta.dirname, '../../native/demo/hello.c');

/**
 * An OCI layout as one tar, whose only layer has one file: the static program of native/demo.
 * @param name the name that the image has after loading
 */
export function helloImage(name: string, workFolder: string): Buffer {
  const program = path.join(workFolder, 'hello');
  execFileSync('cc', ['-std=c11', '-D_GNU_SOURCE', '-O2', '-Wall', '-static', '-s', '-o', program, source]);
  const tar = tarArchive([{ name: 'hello', mode: 0o755, content: readFileSync(program) }]);
  const layer = gzipSync(tar);
  const config = json({
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Entrypoint: ['/hello'] },
    rootfs: { type: 'layers', diff_ids: [digest(tar)] },
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: [descriptor('application/vnd.oci.image.layer.v1.tar+gzip', layer)],
  });
  const entry = {
    ...descriptor('application/vnd.oci.image.manifest.v1+json', manifest),
    annotations: { 'org.opencontainers.image.ref.name': name },
  };
  return tarArchive([
    { name: 'oci-layout', content: json({ imageLayoutVersion: '1.0.0' }) },
    { name: 'index.json', content: json({ schemaVersion: 2, manifests: [entry] }) },
    ...[config, manifest, layer].map((bytes) => ({ name: `blobs/${digest(bytes).replace(':', '/')}`, content: bytes })),
  ]);
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function digest(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function descriptor(mediaType: string, bytes: Uint8Array) {
  return { mediaType, digest: digest(bytes), size: bytes.length };
}
