import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BerthError } from '@berth/model/error';
import type { AttachedStream, ExitResult } from '#service/container/contract';
import type { CommandStreams } from '../../streaming/contract.ts';
import { followProcess } from './follow-process.ts';

/** A process that notes what is done to it. */
function fakeProcess(exit: Promise<ExitResult>): AttachedStream & { readonly notes: string[] } {
  const notes: string[] = [];
  return {
    notes,
    exit,
    writeStdin: (bytes) => {
      notes.push(`stdin ${Buffer.from(bytes).toString()}`);
      return Promise.resolve();
    },
    closeStdin: () => void notes.push('close'),
    resize: ({ rows, columns }) => {
      notes.push(`${columns}x${rows}`);
      return Promise.resolve();
    },
    detach: () => void notes.push('detach'),
  };
}

function lines(parts: Partial<CommandStreams>): CommandStreams {
  return { signal: new AbortController().signal, resizes: from([]), write: () => Promise.resolve(), ...parts };
}

async function* from<T>(values: readonly T[]): AsyncGenerator<T, void, undefined> {
  for (const value of values) yield await Promise.resolve(value);
}

const words = (...texts: readonly string[]): AsyncIterable<Uint8Array> => from(texts.map((text) => Buffer.from(text)));

const never = new Promise<never>(() => undefined);

/** Ends when all that is ready has been done. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('a client at a process', () => {
  it('brings input, its end and sizes, and hears the exit', async () => {
    const { promise: exit, resolve } = Promise.withResolvers<ExitResult>();
    const process = fakeProcess(exit);
    const sizes = from([
      { rows: 1, columns: 2 },
      { rows: 3, columns: 4 },
    ]);
    const followed = followProcess(process, lines({ stdin: words('a', 'b'), resizes: sizes }), { endsInput: true });
    await turn();
    resolve({ exitCode: 3 });
    assert.deepEqual(await followed, { exitCode: 3 });
    assert.deepEqual(process.notes.filter((note) => !note.includes('x')).slice(0, 3), ['stdin a', 'stdin b', 'close']);
    assert.deepEqual(
      process.notes.filter((note) => note.includes('x')),
      ['2x1', '4x3'],
    );
    assert.equal(process.notes.at(-1), 'detach');
  });

  it('leaves the input of a process open that takes more than one client', async () => {
    const process = fakeProcess(turn().then(() => ({ exitCode: 0 })));
    await followProcess(process, lines({ stdin: words('a') }), { endsInput: false });
    assert.ok(!process.notes.includes('close'));
  });

  it('that is gone has its last words delivered before the process is left to itself', async () => {
    const gone = new AbortController();
    const process = fakeProcess(never);
    const last = Promise.withResolvers<Uint8Array>();
    const stdin = (async function* () {
      yield await last.promise;
    })();
    const followed = followProcess(process, lines({ stdin, signal: gone.signal }), { endsInput: true });
    gone.abort();
    await turn();
    assert.deepEqual(process.notes, []);
    last.resolve(Buffer.from('last'));
    assert.equal(await followed, 'gone');
    assert.deepEqual(process.notes, ['stdin last', 'close', 'detach']);
  });

  it('is not told that a process takes no input any more, but how it ends', async () => {
    const process = fakeProcess(turn().then(() => ({ exitCode: 1 })));
    const broken = new BerthError('unavailable', 'gone');
    const closed: AttachedStream = { ...process, writeStdin: () => Promise.reject(broken) };
    assert.deepEqual(await followProcess(closed, lines({ stdin: words('a') }), { endsInput: true }), { exitCode: 1 });
  });

  it('hears of every other failure', async () => {
    const broken: AttachedStream = { ...fakeProcess(never), writeStdin: () => Promise.reject(new Error('broken')) };
    await assert.rejects(followProcess(broken, lines({ stdin: words('a') }), { endsInput: true }), /broken/);
  });
});
