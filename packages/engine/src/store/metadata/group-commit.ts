import type { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/model/error';
import type { Reserve } from './reserve.ts';

interface Waiting {
  /** Runs the action; answers how to settle its promise once the transaction's fate is known. */
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: all writes of one turn of the event loop share one transaction and so one sync to disk.
 * Each has a savepoint of its own; its promise settles after COMMIT.
 */
export class GroupCommit {
  readonly #db: DatabaseSync;
  /** Runs inside each transaction, after its writes and before COMMIT. */
  readonly #beforeCommit: () => void;
  readonly #reserve: Reserve | undefined;
  readonly #begin;
  readonly #commit;
  readonly #save;
  readonly #release;
  #queue: Waiting[] = [];
  #closed = false;

  /** @param reserve given up when the disk is full, so that what frees space can be written */
  constructor(db: DatabaseSync, beforeCommit: () => void, reserve?: Reserve) {
    this.#reserve = reserve;
    this.#db = db;
    this.#beforeCommit = beforeCommit;
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
    this.#save = db.prepare('SAVEPOINT one');
    this.#release = db.prepare('RELEASE one');
  }

  write<T>(action: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(closedError());
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.#queue.length === 0) setImmediate(() => this.flush());
    this.#queue.push({ run: () => this.#runOne(action, resolve, reject), reject });
    return promise;
  }

  /** Commits what waits, now. */
  flush(): void {
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    try {
      const settle = this.#commitAll(queue);
      this.#reserve?.hold();
      for (const done of settle) done();
    } catch (error) {
      const failure = commitError(error);
      for (const one of queue) one.reject(failure);
    }
  }

  /** Once more with the reserve's space when there is none left: nothing of the first try has happened. */
  #commitAll(queue: readonly Waiting[]): (() => void)[] {
    try {
      return this.#commitOnce(queue);
    } catch (error) {
      if (sqliteCode(error) !== sqliteFull || this.#reserve?.release() !== true) throw error;
      return this.#commitOnce(queue);
    }
  }

  #commitOnce(queue: readonly Waiting[]): (() => void)[] {
    try {
      this.#begin.run();
      const settle = queue.map((one) => one.run());
      this.#beforeCommit();
      this.#commit.run();
      return settle;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** Commits what waits and refuses more. */
  close(): void {
    this.flush();
    this.#closed = true;
  }

  #runOne<T>(action: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): () => void {
    this.#save.run();
    try {
      const value = action();
      if (value instanceof Promise) throw new BerthError('internal', 'a write action must not be asynchronous');
      this.#release.run();
      return () => resolve(value);
    } catch (error) {
      // SQLite itself ends the transaction on a full disk and the like: then all of the group failed.
      if (!this.#db.isTransaction || (sqliteCode(error) === sqliteFull && this.#reserve?.isHeld === true)) throw error;
      this.#db.exec('ROLLBACK TO one; RELEASE one');
      const failure = sqliteCode(error) === undefined ? error : commitError(error);
      return () => reject(failure);
    }
  }
}

function closedError(): BerthError {
  return new BerthError('unavailable', 'the metadata store is closed', { code: 'store_closed' });
}

/** The primary result code, sqlite.org/rescode.html; undefined for what is not SQLite's. */
function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | undefined)?.errcode;
  return typeof code === 'number' ? code & 0xff : undefined;
}

const sqliteReadOnly = 8;
const sqliteFull = 13;

function commitError(cause: unknown): BerthError {
  const code = sqliteCode(cause);
  const kind =
    code === sqliteFull ? 'resource_exhausted' : code === sqliteReadOnly ? 'failed_precondition' : 'internal';
  const message = cause instanceof Error ? cause.message : String(cause);
  return new BerthError(kind, `the metadata transaction was not committed: ${message}`, {
    code: 'commit_failed',
    cause,
  });
}
