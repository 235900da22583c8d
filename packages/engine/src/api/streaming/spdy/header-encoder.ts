import { headerDictionary } from './dictionary.ts';
import { words } from './frame.ts';

/** RFC 1950, 2.2: deflate with a window of 32 KiB, a preset dictionary follows. */
const zlibHeader = Buffer.from([0x78, 0x20]);

/** RFC 1951, 3.2.4: an empty stored block. zlib's sync flush ends with it, and Go's inflater hands out nothing before it. */
const flush = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);

/**
 * Compresses header blocks by not compressing them: stored blocks are deflate too, and take neither a window of 256 KiB
 * for each connection nor a turn of the thread pool. What a server of streams says in headers is nothing.
 */
export class HeaderEncoder {
  #isBegun = false;

  encode(headers: Readonly<Record<string, string>> = {}): Buffer {
    const block = writeHeaderBlock(headers);
    const start = this.#isBegun ? [] : [withChecksum(zlibHeader), words(adler32(headerDictionary))];
    this.#isBegun = true;
    return Buffer.concat([...start, stored(block), flush]);
  }
}

/** Count, then each name (lower case) and value behind its length. */
export function writeHeaderBlock(headers: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(headers);
  const strings = entries.flat().map((text) => Buffer.from(text));
  return Buffer.concat([words(entries.length), ...strings.flatMap((text) => [words(text.length), text])]);
}

function stored(block: Buffer): Buffer {
  if (block.length > 0xffff) throw new RangeError('a header block of more than 65535 bytes');
  const head = Buffer.alloc(5);
  head.writeUInt16LE(block.length, 1);
  head.writeUInt16LE(~block.length & 0xffff, 3);
  return Buffer.concat([head, block]);
}

/** The header's 16 bits are a multiple of 31. */
function withChecksum(header: Buffer): Buffer {
  const word = header.readUInt16BE(0);
  const checked = Buffer.alloc(2);
  checked.writeUInt16BE(word + ((31 - (word % 31)) % 31));
  return checked;
}

/** RFC 1950, 8.2. */
function adler32(bytes: Uint8Array): number {
  let [low, high] = [1, 0];
  for (const byte of bytes) {
    low = (low + byte) % 65521;
    high = (high + low) % 65521;
  }
  return high * 65536 + low;
}
