import { readFile } from 'node:fs/promises';
import { errnoName } from '@berth/model/error';

interface LogLine {
  readonly level?: string;
  readonly msg?: string;
}

/** The last error in a log of JSON lines; undefined when it tells of none. */
export function lastError(text: string): string | undefined {
  const errors = text.split('\n').flatMap((line) => {
    const { level, msg } = parseLine(line);
    return (level === 'error' || level === 'fatal') && msg !== undefined && msg !== '' ? [msg] : [];
  });
  return errors.at(-1);
}

/** As `lastError` of a file; a log that was never made tells of none. */
export async function readLastError(file: string): Promise<string | undefined> {
  try {
    return lastError(await readFile(file, 'utf8'));
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Somebody else's words: a line that is no object of ours says nothing. */
function parseLine(line: string): LogLine {
  if (!line.startsWith('{')) return {};
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
    return { ...(typeof level === 'string' ? { level } : {}), ...(typeof msg === 'string' ? { msg } : {}) };
  } catch {
    return {};
  }
}
