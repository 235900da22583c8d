import { badTar, type ByteText, readable } from './entry.ts';
import { blockSize, number } from './header.ts';
import { paxInteger, type PaxRecords } from './pax.ts';

/**
 * Sparse files (GNU tar manual, "Storing Sparse Files"): the old GNU type `S` with its map in the header
 * and extension blocks, and the PAX formats 0.0, 0.1 (map in records) and 1.0 (map before the content).
 */
export interface SparseMap {
  /** offset, length, offset, length ... */
  readonly segments: number[];
  readonly realSize: number;
}

/** 16 MiB of numbers: far above real files, far below what hurts (compare Go's CVE-2025-58183). */
const maxSegments = 1 << 20;

/** The map of an old GNU header; `more` says that an extension block follows. */
export function oldGnuMap(block: Buffer): SparseMap & { more: boolean } {
  const segments: number[] = [];
  readPairs(block, 386, 4, segments);
  return { segments, realSize: number(block, 483, 12, 'realsize'), more: block[482] !== 0 };
}

/** Appends an extension block's pairs. Returns whether another block follows. */
export function oldGnuExtension(block: Buffer, segments: number[]): boolean {
  readPairs(block, 0, 21, segments);
  return block[504] !== 0;
}

function readPairs(block: Buffer, start: number, count: number, segments: number[]): void {
  for (let at = start; at < start + count * 24 && block[at] !== 0; at += 24) {
    add(segments, number(block, at, 12, 'sparse offset'));
    add(segments, number(block, at + 12, 12, 'sparse length'));
  }
}

function add(segments: number[], value: number): void {
  if (segments.length >= 2 * maxSegments) throw badTar('a sparse file has too many pieces');
  segments.push(value);
}

export type PaxSparse =
  | { readonly version: 0; readonly map: SparseMap }
  | { readonly version: 1; readonly realSize: number };

/** What PAX records say about sparseness; undefined for an ordinary file. */
export function paxSparse(records: PaxRecords): PaxSparse | undefined {
  const major = records.get('GNU.sparse.major');
  const minor = records.get('GNU.sparse.minor');
  if (major === '1' && minor === '0') return { version: 1, realSize: paxInteger(records, 'GNU.sparse.realsize') ?? 0 };
  const text = records.get('GNU.sparse.map');
  if (text === undefined) return undefined;
  if (major !== undefined && major !== '0') throw badTar(`sparse format ${readable(major)} is unknown`);
  const segments: number[] = [];
  if (text !== '') for (const digits of text.split(',')) add(segments, decimal(digits));
  return { version: 0, map: { segments, realSize: paxInteger(records, 'GNU.sparse.size') ?? 0 } };
}

function decimal(digits: ByteText): number {
  const value = Number(digits);
  if (!/^[0-9]{1,16}$/.test(digits) || !Number.isSafeInteger(value)) throw badTar('a sparse map has a wrong number');
  return value;
}

/** Reads the map of format 1.0 from the blocks before the content: a count, then pairs, one number a line. */
export class MapReader {
  readonly segments: number[] = [];
  #count: number | undefined;
  #line = '';

  /** Takes one block; true when the map is complete. */
  block(block: Buffer): boolean {
    const lines = (this.#line + block.toString('latin1', 0, blockSize)).split('\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) {
      if (this.#complete()) return true;
      if (this.#count === undefined) this.#count = decimal(line);
      else add(this.segments, decimal(line));
    }
    // What is left in the last block of the map is padding.
    if (!this.#complete() && this.#line.length > 20) throw badTar('a sparse map has a wrong number');
    return this.#complete();
  }

  #complete(): boolean {
    return this.#count !== undefined && this.segments.length >= this.#count * 2;
  }
}

/** @throws invalid_argument unless the pieces ascend, fit into the file and add up to what is stored */
export function checkMap({ segments, realSize }: SparseMap, stored: number, name: ByteText): void {
  let end = 0;
  let sum = 0;
  for (let at = 0; at < segments.length; at += 2) {
    const start = segments[at]!;
    const length = segments[at + 1] ?? -1;
    if (start < end || length < 0 || start + length > realSize)
      throw badTar(`'${readable(name)}' has a wrong sparse map`);
    end = start + length;
    sum += length;
  }
  if (sum !== stored) throw badTar(`the sparse map of '${readable(name)}' does not match its content`);
}
