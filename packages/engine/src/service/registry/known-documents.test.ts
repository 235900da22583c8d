import assert from 'node:assert/strict';
import { it } from 'node:test';
import { backgroundContext, silentLog } from '@berth/model/context';
import { type Digest, sha256 } from '@berth/model/digest';
import { BerthError } from '@berth/model/error';
import { mediaTypes } from '@berth/model/media-type';
import type { ContentStore } from '#store/content';
import { KnownDocuments } from './known-documents.ts';

it('documents are read once, and forgotten by their size: large ones do not fill the memory', async () => {
  const stored = new Map<Digest, Buffer>();
  const reads: Digest[] = [];
  const content = {
    async readAll(_context: unknown, digest: Digest) {
      reads.push(digest);
      const bytes = stored.get(digest);
      if (bytes === undefined) throw new BerthError('not_found', digest);
      return bytes;
    },
  } as unknown as ContentStore;
  const put = (note: string): Digest => {
    const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [], annotations: { note } };
    const bytes = Buffer.from(JSON.stringify(document));
    stored.set(sha256(bytes), bytes);
    return sha256(bytes);
  };
  const context = backgroundContext(silentLog, 'default');
  const documents = new KnownDocuments(content);
  const small = put('small');
  for (let turn = 0; turn < 2; turn++)
    assert.equal((await documents.find(context, small))?.mediaType, mediaTypes.ociIndex);
  await Promise.all([documents.find(context, small), documents.find(context, sha256('none'))]);
  assert.deepEqual(reads, [small, sha256('none')]);
  for (let turn = 0; turn < 4; turn++) await documents.find(context, put(`${turn}`.repeat(3 << 20)));
  await documents.find(context, small);
  assert.equal(reads.filter((digest) => digest === small).length, 2);
});
