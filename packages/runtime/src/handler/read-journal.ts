import { readFile } from 'node:fs/promises';
import { errnoName } from '@berth/model/error';
import { type JournalEvent, parseJournal } from '../shim/journal.ts';

/** What a shim wrote down; nothing when there is no journal. */
export async function readJournal(file: string): Promise<JournalEvent[]> {
  try {
    return parseJournal(await readFile(file, 'utf8'));
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return [];
    throw error;
  }
}
