import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { BerthError } from '@berth/model/error';
import { layerTar } from './layer-tar.ts';
import { tarParts, tarSize } from './tar-split.ts';

const home = mkdtempSync(join(tmpdir(), 'berth-layer-tar-'));
after(() => rmSync(home, { recursive: true }));
const signal = new AbortController().signal;
let count = 0;

type Part = Buffer | { readonly name: string; readonly raw?: Buffer; readonly content: Buffer };

/** A layer as docker keeps it, and the tar that it came from. */
function stored(parts: readonly Part[]) {
  const folder = join(home, String(count++));
  const content = join(folder, 'diff');
  mkdirSync(content, { recursive: true });
  const notes = parts.map((part, position) => {
    if (Buffer.isBuffer(part)) return { type: 2, payload: part.toString('base64'), position };
    const { name, raw, content: body } = part;
    if (body.length > 0) writeFileSync(Buffer.concat([Buffer.from(`${content}/`), raw ?? Buffer.from(name)]), body);
    const naming = raw === undefined ? { name } : { name_raw: raw.toString('base64') };
    return { type: 1, ...naming, ...(body.length > 0 ? { size: body.length } : {}), payload: null, position };
  });
  const tarSplit = join(folder, 'tar-split.json.gz');
  writeFileSync(tarSplit, gzipSync(notes.map((note) => `${JSON.stringify(note)}\n`).join('')));
  const whole = Buffer.concat(parts.map((part) => (Buffer.isBuffer(part) ? part : part.content)));
  return { layer: { diffId: `sha256:${'0'.repeat(64)}` as const, tarSplit, content }, whole };
}

async function read(layer: Parameters<typeof layerTar>[0], offset?: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of layerTar(layer, signal, offset)) pieces.push(piece);
  return Buffer.concat(pieces);
}

const failsWith = (code: string) => (error: unknown) => error instanceof BerthError && error.code === code;

test('whatever its parts are and however large, a layer comes back byte for byte, from any offset', async () => {
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
  const large = fc.constantFrom(100_000, 300_000, 524_288, 1_200_000).map((size) => Buffer.alloc(size, size % 251));
  const part = fc.oneof(bytes(2000), fc.record({ content: fc.oneof(bytes(3000), large) }));
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 12 }), fc.nat(), async (drawn, at) => {
      const parts = drawn.map((one, number) => (Buffer.isBuffer(one) ? one : { ...one, name: `f${number}` }));
      const { layer, whole } = stored(parts);
      assert.equal(await tarSize(layer.tarSplit), whole.length);
      const offset = at % (whole.length + 1);
      assert.ok((await read(layer, offset)).equals(whole.subarray(offset)));
    }),
    { numRuns: 40 },
  );
});

test('a name that is not UTF-8 is found by its bytes', async () => {
  const { layer, whole } = stored([{ name: '', raw: Buffer.from([0x61, 0xff, 0xfe]), content: Buffer.from('body') }]);
  assert.deepEqual(await read(layer), whole);
});

test('a file that docker or somebody else changed is told', async () => {
  for (const change of [
    (file: string) => writeFileSync(file, 'another size'),
    (file: string) => {
      rmSync(file);
      mkdirSync(file);
    },
  ]) {
    const { layer } = stored([{ name: 'f', content: Buffer.from('body') }]);
    change(join(layer.content, 'f'));
    await assert.rejects(read(layer), failsWith('bad_layer'));
  }
});

test('no name leads out of the layer', async () => {
  const outside = join(home, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'f'), 'body');
  for (const name of ['link/f', 'last', '../outside/f', '']) {
    const { layer } = stored([]);
    symlinkSync(outside, join(layer.content, 'link'));
    symlinkSync(join(outside, 'f'), join(layer.content, 'last'));
    writeFileSync(layer.tarSplit, gzipSync(`${JSON.stringify({ type: 1, name, size: 4, position: 0 })}\n`));
    await assert.rejects(read(layer), name);
  }
});

test('notes that are cut off, no gzip, no JSON or out of order are no layer', async () => {
  const line = (position: number) => `${JSON.stringify({ type: 2, payload: 'AAAA', position })}\n`;
  const whole = gzipSync(line(0) + line(1));
  const files = [
    whole.subarray(0, -9),
    Buffer.from('no gzip'),
    gzipSync('no JSON\n'),
    gzipSync(line(1)),
    gzipSync(line(0).trim()),
    gzipSync('{"type":7,"position":0}\n'),
  ];
  for (const [at, bytes] of files.entries()) {
    const file = join(home, `notes-${at}`);
    writeFileSync(file, bytes);
    await assert.rejects(Array.fromAsync(tarParts(file)), failsWith('bad_tar_split'), String(at));
  }
  await assert.rejects(tarSize(join(home, 'absent')), failsWith('no_layer'));
});
