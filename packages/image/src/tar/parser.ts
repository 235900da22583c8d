import { BerthError } from '@berth/model/error';
import { describeEntry, hasContent } from './describe-entry.ts';
import { badTar, readable, type TarEntry, type TarSink } from './entry.ts';
import { blockSize, type Header, isZero, readHeader } from './header.ts';
import { mergeGlobal, parsePax, paxInteger, type PaxRecords } from './pax.ts';
import { MapReader, oldGnuExtension, oldGnuMap, paxSparse, type SparseMap } from './sparse.ts';

/** Extended headers and long names are read into memory: Go's limit, which every engine has. */
const maxExtension = 1 << 20;

type State = 'header' | 'extension' | 'old-map' | 'pax-map' | 'body' | 'end';

/**
 * A push parser: bytes in, calls on a sink out, all synchronous. Content is passed on as views of the
 * pushed chunks; nothing but headers is ever copied or held.
 *
 * Reads ustar, PAX (local and global), GNU and star archives. Ends at two zero blocks or, as Go's and
 * libarchive's readers do, at the end of the input on a block border.
 */
export class TarParser {
  readonly #sink: TarSink;
  readonly #block = Buffer.alloc(blockSize);
  #filled = 0;
  #state: State = 'header';
  /** Bytes consumed so far. */
  #position = 0;
  /** Where in the archive the block being read ends. */
  #blockEnd = 0;
  #sawZeroBlock = false;
  /** Bytes of the current body, and of the padding after it, still to come. */
  #body = 0;
  #padding = 0;
  #extension: { readonly flag: string; readonly bytes: Buffer; filled: number } | undefined;
  #global: PaxRecords = new Map();
  #local: PaxRecords | undefined;
  #longName: string | undefined;
  #longLink: string | undefined;
  #header: Header | undefined;
  #map: SparseMap | undefined;
  #mapReader: MapReader | undefined;
  #entry: TarEntry | undefined;
  /** Where in the file the next content byte goes, and in which piece of a sparse file that is. */
  #fileOffset = 0;
  #segment = 0;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** @throws invalid_argument (`bad_tar`), and what the sink throws */
  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let at = 0;
    while (at < bytes.length && this.#state !== 'end') {
      const start = at;
      if (this.#padding > 0 && this.#body === 0) at += this.#skipPadding(bytes.length - at);
      else if (this.#state === 'body') at = this.#content(bytes, at);
      else if (this.#state === 'extension') at = this.#extend(bytes, at);
      else at = this.#wholeBlock(bytes, at);
      this.#position += at - start;
    }
  }

  /** @throws data_loss (`truncated`) when the archive stopped in the middle of something */
  finish(): void {
    if (this.#state === 'end') return;
    const pending = this.#local ?? this.#longName ?? this.#longLink;
    if (this.#state === 'header' && this.#filled === 0 && this.#padding === 0 && pending === undefined) return;
    const where = this.#entry === undefined ? `at byte ${this.#position}` : `in '${readable(this.#entry.name)}'`;
    throw new BerthError('data_loss', `tar: the archive ends ${where}, before it is complete`, { code: 'truncated' });
  }

  /** True once the end mark was read: what follows is padding. */
  get ended(): boolean {
    return this.#state === 'end';
  }

  /**
   * Drops the rest of the current body. Returns how many bytes of input the caller may leave out: they
   * count as pushed. The sink gets `end` but no more data.
   */
  skip(): number {
    if (this.#state !== 'body') return 0;
    const left = this.#body + this.#padding;
    this.#body = 0;
    this.#padding = 0;
    this.#position += left;
    this.#finishEntry();
    return left;
  }

  #skipPadding(available: number): number {
    const taken = Math.min(available, this.#padding);
    this.#padding -= taken;
    return taken;
  }

  #content(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#body);
    this.#body -= end - at;
    this.#deliver(bytes, at, end);
    if (this.#body === 0) this.#finishEntry();
    return end;
  }

  #deliver(bytes: Buffer, start: number, end: number): void {
    const segments = this.#entry?.segments;
    if (segments === undefined) {
      this.#sink.data(bytes.subarray(start, end), this.#fileOffset);
      this.#fileOffset += end - start;
      return;
    }
    for (let at = start; at < end;) {
      const left = segments[this.#segment]! + segments[this.#segment + 1]! - this.#fileOffset;
      const length = Math.min(left, end - at);
      if (length > 0) this.#sink.data(bytes.subarray(at, at + length), this.#fileOffset);
      at += length;
      this.#fileOffset += length;
      if (length === left) this.#nextSegment(segments);
    }
  }

  #nextSegment(segments: readonly number[]): void {
    this.#segment += 2;
    this.#fileOffset = segments[this.#segment] ?? 0;
  }

  #finishEntry(): void {
    this.#state = 'header';
    this.#entry = undefined;
    this.#sink.end();
  }

  #extend(bytes: Buffer, at: number): number {
    const extension = this.#extension!;
    const taken = bytes.copy(extension.bytes, extension.filled, at);
    extension.filled += taken;
    if (extension.filled === extension.bytes.length) this.#takeExtension();
    return at + taken;
  }

  #takeExtension(): void {
    const { flag, bytes } = this.#extension!;
    this.#extension = undefined;
    this.#state = 'header';
    this.#padding = paddingOf(bytes.length);
    const nul = bytes.indexOf(0);
    if (flag === 'g') mergeGlobal(this.#global, parsePax(bytes));
    else if (flag === 'x') this.#local = parsePax(bytes);
    else if (flag === 'L') this.#longName = bytes.toString('latin1', 0, nul < 0 ? bytes.length : nul);
    else this.#longLink = bytes.toString('latin1', 0, nul < 0 ? bytes.length : nul);
  }

  #wholeBlock(bytes: Buffer, at: number): number {
    this.#blockEnd = this.#position + blockSize - this.#filled;
    if (this.#filled === 0 && bytes.length - at >= blockSize) {
      this.#take(bytes.subarray(at, at + blockSize));
      return at + blockSize;
    }
    const taken = bytes.copy(this.#block, this.#filled, at, at + blockSize - this.#filled);
    this.#filled += taken;
    if (this.#filled === blockSize) {
      this.#filled = 0;
      this.#take(this.#block);
    }
    return at + taken;
  }

  #take(block: Buffer): void {
    if (this.#state === 'header') return this.#takeHeader(block);
    if (this.#state === 'old-map') {
      if (oldGnuExtension(block, this.#map!.segments)) return;
    } else {
      this.#body -= blockSize;
      if (!this.#mapReader!.block(block)) {
        if (this.#body < blockSize) throw badTar(`the sparse map of '${readable(this.#header!.name)}' is cut off`);
        return;
      }
    }
    this.#begin(this.#blockEnd);
  }

  #takeHeader(block: Buffer): void {
    if (this.#sawZeroBlock) {
      if (!isZero(block)) throw badTar(`a lone zero block before byte ${this.#blockEnd - blockSize}`);
      this.#state = 'end';
      return;
    }
    const header = readHeader(block);
    if (header === undefined) {
      this.#sawZeroBlock = true;
      return;
    }
    if ('gxLK'.includes(header.flag)) return this.#startExtension(header);
    this.#header = header;
    this.#startEntry(block);
  }

  #startExtension({ flag, size }: Header): void {
    if (size > maxExtension)
      throw badTar(`an extended header of ${size} bytes is larger than the limit of ${maxExtension}`);
    this.#extension = { flag, bytes: Buffer.alloc(size), filled: 0 };
    if (size === 0) this.#takeExtension();
    else this.#state = 'extension';
  }

  /** Decides how the content is stored, before the entry can be announced. */
  #startEntry(block: Buffer): void {
    const header = this.#header!;
    const records = this.#records();
    const size = paxInteger(records, 'size') ?? header.size;
    if (size < 0) throw badTar(`'${readable(header.name)}' has a negative size`);
    this.#body = hasContent(header.flag) ? size : 0;
    this.#padding = paddingOf(this.#body);
    this.#map = undefined;
    if (header.flag === 'S') {
      const map = oldGnuMap(block);
      this.#map = map;
      if (map.more) {
        this.#state = 'old-map';
        return;
      }
    } else if (hasContent(header.flag)) {
      const sparse = paxSparse(records);
      if (sparse?.version === 0) this.#map = sparse.map;
      if (sparse?.version === 1) {
        if (size < blockSize) throw badTar(`'${readable(header.name)}' has no sparse map`);
        this.#mapReader = new MapReader();
        this.#map = { segments: this.#mapReader.segments, realSize: sparse.realSize };
        this.#state = 'pax-map';
        return;
      }
    }
    this.#begin(this.#blockEnd);
  }

  #records(): PaxRecords {
    if (this.#global.size === 0) return this.#local ?? empty;
    const records = new Map(this.#global);
    for (const [key, value] of this.#local ?? empty) records.set(key, value);
    return records;
  }

  /** Announces the entry whose content starts at `offset`. */
  #begin(offset: number): void {
    const entry = describeEntry({
      header: this.#header!,
      records: this.#records(),
      longName: this.#longName,
      longLink: this.#longLink,
      map: this.#map,
      storedSize: this.#body,
      offset,
    });
    this.#local = this.#longName = this.#longLink = this.#mapReader = undefined;
    this.#entry = entry;
    this.#segment = 0;
    this.#fileOffset = entry.segments?.[0] ?? 0;
    this.#state = 'body';
    this.#sink.entry(entry);
    if (this.#body === 0) this.#finishEntry();
  }
}

const empty: PaxRecords = new Map();

function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}
