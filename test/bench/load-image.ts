import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { jsonBlob } from '../harness/images.ts';
import { type Member, tar } from '../harness/tar.ts';

const folder = path.join(import.meta.dirname, '../../build/bench');
const files = 10_000;
const totalBytes = 480e6;

export interface BigImage {
  /** The only layer, gzip. */
  readonly layer: string;
  /** An OCI layout with that layer, a tar. */
  readonly archive: string;
}

/** Made once; it takes half a minute. */
export async function bigImage(name: string): Promise<BigImage> {
  mkdirSync(folder, { recursive: true });
  const layer = path.join(folder, 'layer-1.tar.gz');
  const archive = path.join(folder, 'image-1.tar');
  if (existsSync(archive)) return { layer, archive };
  console.log('making the image of 480 MB, once');
  const plain = createHash('sha256');
  const packed = createHash('sha256');
  await pipeline(
    chunks(),
    hashing(plain),
    createGzip({ level: 6, chunkSize: 1 << 18 }),
    hashing(packed),
    createWriteStream(layer),
  );
  const diffId = `sha256:${plain.digest('hex')}`;
  await pipeline(
    archiveChunks(name, { layer, diffId, digest: packed.digest('hex') }),
    createWriteStream(`${archive}.new`),
  );
  renameSync(`${archive}.new`, archive);
  return { layer, archive };
}

/** The layer's tar: files of mixed size, half of each easy to compress. */
function* chunks(): Generator<Buffer> {
  const end = 1024;
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647);
  for (let at = 0; at < files; at++) {
    // Many small and few large ones, as in real images; the mean is totalBytes / files.
    const share = (random() % 1000) / 1000;
    const size = Math.round((totalBytes / files) * 4 * share ** 3);
    const members: Member[] = at % 100 === 0 ? [{ path: `dir${at / 100}/` }] : [];
    const body = Buffer.alloc(size, `file ${at} has words that come again and again `);
    for (let byte = 0; byte + 4 < size / 2; byte += 4) body.writeInt32LE(random(), byte);
    members.push({ path: `dir${Math.floor(at / 100)}/file${at}`, body, mode: at % 7 === 0 ? 0o755 : 0o644 });
    const bytes = tar(members);
    yield bytes.subarray(0, bytes.length - end);
  }
  yield Buffer.alloc(end);
}

function hashing(hash: ReturnType<typeof createHash>) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      hash.update(chunk);
      yield chunk;
    }
  };
}

interface PackedLayer {
  readonly layer: string;
  readonly diffId: string;
  readonly digest: string;
}

async function* archiveChunks(name: string, { layer, diffId, digest }: PackedLayer): AsyncGenerator<Buffer> {
  const size = statSync(layer).size;
  const oci = 'application/vnd.oci.image';
  const config = jsonBlob({
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [diffId] },
  });
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: { mediaType: `${oci}.config.v1+json`, digest: config.digest, size: config.bytes.length },
    layers: [{ mediaType: `${oci}.layer.v1.tar+gzip`, digest: `sha256:${digest}`, size }],
  });
  const entry = { mediaType: `${oci}.manifest.v1+json`, digest: manifest.digest, size: manifest.bytes.length };
  const annotations = { 'org.opencontainers.image.ref.name': name };
  const members: Member[] = [
    { path: 'oci-layout', body: '{"imageLayoutVersion":"1.0.0"}' },
    { path: 'index.json', body: JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry, annotations }] }) },
    ...[config, manifest].map((each) => ({ path: `blobs/${each.digest.replace(':', '/')}`, body: each.bytes })),
  ];
  const head = tar(members);
  yield head.subarray(0, head.length - 1024);
  yield tarFileHeader(`blobs/sha256/${digest}`, size);
  for await (const chunk of createReadStream(layer, { highWaterMark: 1 << 20 })) yield chunk as Buffer;
  yield Buffer.alloc(((512 - (size % 512)) % 512) + 1024);
}

/** The header alone: the body is too large to hold. */
function tarFileHeader(file: string, size: number): Buffer {
  const header = tar([{ path: file, body: '' }]).subarray(0, 512);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
