import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { BerthError, errnoName } from '@berth/model/error';

/**
 * A part of a layer's tar, as docker's graph store notes it in `tar-split.json.gz` (vbatts/tar-split, format JSON lines):
 * headers and padding literally, contents by the name of the file that they were unpacked to.
 */
export type TarPart =
  | { readonly type: 'segment'; readonly bytes: Buffer }
  /** `name` is the bytes of the member's name; `size` may be 0, then there need be no file. */
  | { readonly type: 'file'; readonly name: Buffer; readonly size: number };

interface Line {
  readonly type: number;
  readonly name?: string;
  /** Instead of `name`, where that is not UTF-8; base64. */
  readonly name_raw?: string;
  readonly size?: number;
  /** Base64; of a file: its CRC. */
  readonly payload?: string | null;
  readonly position: number;
}

const fileType = 1;
const segmentType = 2;
/** Docker notes padding by the megabyte; a header is as long as its PAX records. */
const maxLine = 32 << 20;

/** The parts in order. @throws data_loss (`bad_tar_split`) for what is none, not_found when there is no such file */
export async function* tarParts(path: string): AsyncGenerator<TarPart> {
  for await (const line of lines(path)) yield partOf(line, path);
}

/** Bytes of the whole tar: no layer file is looked at. @throws as `tarParts` */
export async function tarSize(path: string): Promise<number> {
  let size = 0;
  for await (const { type, size: content = 0, payload } of lines(path))
    size += type === segmentType ? Buffer.byteLength(payload ?? '', 'base64') : content;
  return size;
}

function partOf({ type, name, name_raw: raw, size = 0, payload }: Line, path: string): TarPart {
  if (type === segmentType) return { type: 'segment', bytes: Buffer.from(payload ?? '', 'base64') };
  if (type !== fileType || !Number.isSafeInteger(size) || size < 0) throw bad(path);
  return { type: 'file', name: raw === undefined ? Buffer.from(name ?? '') : Buffer.from(raw, 'base64'), size };
}

async function* lines(path: string): AsyncGenerator<Line> {
  let position = 0;
  let rest = '';
  for await (const text of texts(path)) {
    const pieces = (rest + text).split('\n');
    rest = pieces.pop() ?? '';
    if (rest.length > maxLine) throw bad(path);
    for (const piece of pieces) {
      const line = parse(piece, path);
      if (line.position !== position++) throw bad(path);
      yield line;
    }
  }
  if (rest !== '') throw bad(path);
}

/** The file's text in pieces. */
async function* texts(path: string): AsyncGenerator<string> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  // Its failure reaches the reader through the stream it destroys.
  const done = pipeline(createReadStream(path), gunzip).catch((error: unknown) => error);
  try {
    gunzip.setEncoding('utf8');
    for await (const text of gunzip) yield text as string;
  } catch (error) {
    const cause = (await done) ?? error;
    throw errnoName(cause) === 'ENOENT' ? noFile(path, cause) : bad(path, cause);
  }
}

function parse(text: string, path: string): Line {
  try {
    return JSON.parse(text) as Line;
  } catch (cause) {
    throw bad(path, cause);
  }
}

function noFile(path: string, cause: unknown): BerthError {
  return new BerthError('not_found', `docker has no ${path}`, { code: 'no_layer', cause });
}

function bad(path: string, cause?: unknown): BerthError {
  return new BerthError('data_loss', `${path} does not tell what a layer's tar was like`, {
    code: 'bad_tar_split',
    cause,
  });
}
