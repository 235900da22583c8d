import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/model/error';
import { applicationId, migrations } from './schema.ts';

/**
 * Opens the database and brings it to this version. A file that is damaged, newer or not ours is left exactly
 * as it is: every check comes before the first write.
 *
 * @throws data_loss (`corrupt_database`), failed_precondition (`newer_database`, `foreign_database`)
 */
export function openDatabase(file: string): DatabaseSync {
  // Records hold environments and so secrets. SQLite gives its other files the mode of this one.
  closeSync(openSync(file, 'a', 0o600));
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file, { timeout: 2000 });
    const version = checkedVersion(db, file);
    db.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -8192;',
    );
    migrate(db, version);
    return db;
  } catch (error) {
    db?.close();
    throw isDamage(error) ? corrupt(file, String(error), error) : error;
  }
}

function checkedVersion(db: DatabaseSync, file: string): number {
  const version = pragma(db, 'user_version');
  const owner = pragma(db, 'application_id');
  const tables = Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']);
  // No tables: the first open, or one that was killed before its migration was durable.
  if (tables === 0 && version === 0) return 0;
  if (owner !== applicationId) {
    throw new BerthError('failed_precondition', `${file} is a database of another program`, {
      code: 'foreign_database',
      hint: 'choose another root folder',
    });
  }
  if (version > migrations.length) {
    throw new BerthError(
      'failed_precondition',
      `${file} has version ${version}, this berth knows versions up to ${migrations.length}`,
      { code: 'newer_database', hint: 'start the newer berth that wrote it, or choose another root folder' },
    );
  }
  const verdict = String(Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0]);
  if (verdict !== 'ok') throw corrupt(file, verdict);
  return version;
}

function migrate(db: DatabaseSync, from: number): void {
  if (from === migrations.length) return;
  db.exec('BEGIN IMMEDIATE');
  for (const step of migrations.slice(from)) db.exec(step);
  db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}; COMMIT`);
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/** SQLITE_CORRUPT and SQLITE_NOTADB (sqlite.org/rescode.html); the low byte is the primary code. */
function isDamage(error: unknown): boolean {
  const primary = Number((error as { errcode?: number }).errcode) & 0xff;
  return primary === 11 || primary === 26;
}

function corrupt(file: string, what: string, cause?: unknown): BerthError {
  return new BerthError('data_loss', `${file} is damaged: ${what}`, {
    code: 'corrupt_database',
    hint:
      `stop berthd, keep a copy of ${file}, ${file}-wal and ${file}-shm, and repair it with ` +
      `'sqlite3 ${file} .recover', or move all three away to start with empty records`,
    cause,
  });
}
