import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { constants, createDeflate } from 'node:zlib';
import fc from 'fast-check';
import { headerDictionary } from './dictionary.ts';
import { SpdyProtocolError, words } from './frame.ts';
import { HeaderDecoder, readHeaderBlock } from './header-decoder.ts';
import { HeaderEncoder, writeHeaderBlock } from './header-encoder.ts';

/** As a client's library compresses it: one compressor for all blocks, flushed behind each. */
async function compress(blocks: readonly Buffer[]): Promise<Buffer[]> {
  const deflate = createDeflate({ dictionary: headerDictionary, flush: constants.Z_SYNC_FLUSH });
  const compressed: Buffer[] = [];
  for (const block of blocks) {
    const parts: Buffer[] = [];
    const take = (part: Buffer): number => parts.push(part);
    deflate.on('data', take);
    await new Promise<void>((resolve) => void deflate.write(block, () => resolve()));
    deflate.off('data', take);
    compressed.push(Buffer.concat(parts));
  }
  deflate.destroy();
  return compressed;
}

describe('header blocks of SPDY', () => {
  const headers = { streamtype: 'data', port: '8080', requestid: '17' };

  it('of a client are read one after the other', async () => {
    using decoder = new HeaderDecoder();
    const written: Record<string, string>[] = [headers, {}, { streamtype: 'error' }];
    const blocks = await compress(written.map((each) => writeHeaderBlock(each)));
    const read = [];
    for (const block of blocks) read.push(Object.fromEntries(await decoder.decode(block)));
    assert.deepEqual(read, written);
  });

  it('that are stored without compression are read by an inflater', async () => {
    using decoder = new HeaderDecoder();
    const encoder = new HeaderEncoder();
    for (const each of [{}, headers, {}, { 'a-header': 'ä value' }] as Record<string, string>[]) {
      assert.deepEqual(Object.fromEntries(await decoder.decode(encoder.encode(each))), each);
    }
  });

  it('that do not inflate, or inflate without an end, are refused', async () => {
    using broken = new HeaderDecoder();
    await assert.rejects(broken.decode(Buffer.from('no zlib at all')), SpdyProtocolError);
    await assert.rejects(broken.decode(Buffer.from('nor this')), SpdyProtocolError);
    using bombed = new HeaderDecoder();
    const [bomb] = (await compress([Buffer.alloc(32 << 20)])) as [Buffer];
    await assert.rejects(bombed.decode(bomb), SpdyProtocolError);
    using without = new HeaderDecoder();
    await assert.rejects(without.decode(new Uint8Array(0)), SpdyProtocolError);
  });

  it('whose lengths lie are refused', () => {
    for (const block of [Buffer.alloc(0), words(1), words(1, 5), words(0xffffffff, 0, 0), words(1, 0xffffffff, 0)]) {
      assert.throws(() => readHeaderBlock(block), SpdyProtocolError);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        try {
          readHeaderBlock(Buffer.from(noise));
        } catch (error) {
          assert.ok(error instanceof SpdyProtocolError);
        }
      }),
    );
  });
});
