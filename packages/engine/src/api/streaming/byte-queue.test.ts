import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteQueue } from './byte-queue.ts';

describe('a queue of bytes', () => {
  const bytes = (text: string): Buffer => Buffer.from(text);
  const all = async (queue: ByteQueue): Promise<string> => {
    let text = '';
    for await (const part of queue) text += Buffer.from(part).toString();
    return text;
  };

  it('gives in order what was pushed, before and after its reader came, and ends', async () => {
    const queue = new ByteQueue();
    void queue.push(bytes('a'));
    const text = all(queue);
    await Promise.resolve();
    void queue.push(bytes('b'));
    void queue.push(bytes(''));
    void queue.push(bytes('c'));
    queue.end();
    void queue.push(bytes('too late'));
    assert.equal(await text, 'abc');
  });

  it('holds back who pushes beyond the limit until half of it is read', async () => {
    const queue = new ByteQueue(4);
    assert.equal(queue.push(bytes('1234')), undefined);
    const room = queue.push(bytes('56'));
    assert.ok(room !== undefined);
    let isFree = false;
    void room.then(() => (isFree = true));
    const reader = queue[Symbol.asyncIterator]();
    assert.equal(isFree, false);
    await reader.next();
    await room;
    assert.equal(Buffer.from((await reader.next()).value ?? []).toString(), '56');
  });

  it('holds nobody back when its reader has left, when it is dropped, ended or unbound', async () => {
    for (const release of ['drop', 'end', 'unbound', 'return'] as const) {
      const queue = new ByteQueue(1);
      const room = queue.push(bytes('12'));
      const reader = queue[Symbol.asyncIterator]();
      if (release === 'return') {
        await reader.next();
        await reader.return();
      } else queue[release]();
      await room;
      if (release !== 'end') assert.equal(queue.push(bytes('34')), undefined);
    }
  });

  it('still gives what was there when it was ended, and nothing when it was dropped', async () => {
    const [ended, dropped] = [new ByteQueue(), new ByteQueue()];
    for (const queue of [ended, dropped]) void queue.push(bytes('left'));
    ended.end();
    dropped.drop();
    assert.deepEqual([await all(ended), await all(dropped)], ['left', '']);
  });
});
