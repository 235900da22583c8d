import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backgroundContext, withSignal } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import type { AttachRequest, ExecService, ExitResult } from '../container/contract.ts';
import { execSync } from './exec-sync.ts';

interface Fake {
  readonly execs: ExecService;
  readonly notes: string[];
  /** Output of the command. */
  readonly say: (stream: 'stdout' | 'stderr', text: string | Uint8Array) => void;
  /** The command's process has ended. */
  readonly end: (exitCode: number) => void;
  /** All output has come. */
  readonly drain: () => void;
}

/** Execs with one command in them, whose killing ends it. */
function fake(): Fake {
  const notes: string[] = [];
  const ended = Promise.withResolvers<ExitResult>();
  const drained = Promise.withResolvers<ExitResult>();
  let attached: AttachRequest | undefined;
  const execs: ExecService = {
    create: (_context, container, { command }) => {
      notes.push(`create ${container} ${command.join(' ')}`);
      return Promise.resolve('id');
    },
    start: (_context, _id, attach) => {
      attached = attach;
      const nothing = (): Promise<void> => Promise.resolve();
      const detach = (): void => void notes.push('detach');
      return Promise.resolve({
        writeStdin: nothing,
        closeStdin: detach,
        resize: nothing,
        exit: drained.promise,
        detach,
      });
    },
    inspect: () => assert.fail('nobody asks'),
    resize: () => Promise.resolve(),
    kill: (_context, id, signal) => {
      notes.push(`${signal} ${id}`);
      ended.resolve({ exitCode: 137 });
      return Promise.resolve();
    },
    wait: () => ended.promise,
  };
  return {
    execs,
    notes,
    say: (stream, text) => void attached?.onOutput(stream, Buffer.from(text as Uint8Array)),
    end: (exitCode) => ended.resolve({ exitCode }),
    drain: () => drained.resolve({ exitCode: 0 }),
  };
}

const request = { container: 'c', command: ['do', 'it'], timeout: 0 };
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('ExecSync', () => {
  it('answers when the command has ended and all its output is here', async () => {
    const { execs, notes, say, end, drain } = fake();
    const answer = execSync(execs, backgroundContext(), request);
    await turn();
    say('stdout', 'out');
    say('stderr', 'err');
    end(4);
    say('stdout', ' and more');
    drain();
    const { stdout, stderr, exitCode } = await answer;
    assert.deepEqual(
      [Buffer.from(stdout).toString(), Buffer.from(stderr).toString(), exitCode],
      ['out and more', 'err', 4],
    );
    assert.deepEqual(notes, ['create c do it', 'detach']);
  });

  it('does not wait for the end of output that others hold open', async () => {
    const { execs, say, end } = fake();
    const answer = execSync(execs, backgroundContext(), request);
    await turn();
    end(0);
    say('stdout', 'late');
    assert.equal(Buffer.from((await answer).stdout).toString(), 'late');
  });

  it('keeps what an answer can hold, with room for the other stream, and drops the rest', async () => {
    const { execs, say, end, drain } = fake();
    const answer = execSync(execs, backgroundContext(), request);
    await turn();
    for (let count = 0; count < 20; count++) say('stderr', Buffer.alloc(1 << 20));
    say('stdout', 'in time');
    end(0);
    drain();
    const { stdout, stderr } = await answer;
    assert.equal(Buffer.from(stdout).toString(), 'in time');
    assert.equal(stderr.length, (16 << 20) - 1024 - (256 << 10));
  });

  it('kills a command whose time is over, or whose caller has left', async () => {
    const late = fake();
    await assert.rejects(execSync(late.execs, backgroundContext(), { ...request, timeout: 0.01 }), {
      kind: 'deadline_exceeded',
      code: 'exec_timeout',
    });
    assert.deepEqual(late.notes, ['create c do it', 'KILL id', 'detach']);
    const left = fake();
    const caller = new AbortController();
    const answer = execSync(left.execs, withSignal(backgroundContext(), caller.signal), request);
    await turn();
    caller.abort(new BerthError('cancelled', 'gone'));
    await assert.rejects(answer, { kind: 'cancelled' });
    assert.deepEqual(left.notes, ['create c do it', 'KILL id', 'detach']);
  });

  it('kills a command whose time was over, or whose caller had left, before it had started', async () => {
    for (const timeout of [0, 0.01]) {
      const { execs, notes } = fake();
      const caller = new AbortController();
      const starting = Promise.withResolvers<void>();
      const slow: ExecService = {
        ...execs,
        start: (...all) => starting.promise.then(() => execs.start(...all)),
      };
      const answer = execSync(slow, withSignal(backgroundContext(), caller.signal), { ...request, timeout });
      await turn();
      if (timeout === 0) caller.abort(new BerthError('cancelled', 'gone'));
      await new Promise((resolve) => void setTimeout(resolve, 30));
      starting.resolve();
      await assert.rejects(answer, { kind: timeout === 0 ? 'cancelled' : 'deadline_exceeded' });
      assert.deepEqual(notes, ['create c do it', 'KILL id', 'detach']);
    }
  });
});
