import { open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { asError, BerthError, errnoName } from '@berth/model/error';
import { ClosedOutput, writeOutput } from './print/output.ts';
import { isTerminal } from './terminal/raw-mode.ts';

/** @throws invalid_argument when an archive would go to a terminal; docker's words */
export function refuseTerminal(file: string | undefined, verb: string): void {
  if (file !== undefined || !isTerminal(1)) return;
  throw new BerthError('invalid_argument', `cowardly refusing to ${verb} to a terminal`, {
    code: 'is_a_tty',
    hint: 'use the -o flag or redirect',
  });
}

/** Writes bytes to a file, which is there only when it is whole, or to standard output. */
export async function writeArchive(bytes: AsyncIterable<Uint8Array>, file: string | undefined): Promise<void> {
  if (file === undefined) {
    for await (const chunk of bytes) await writeOutput(1, chunk);
    return;
  }
  const isPlain = await isPlainFile(file);
  // Devices and pipes are written to as they are: /dev/null must not become a file.
  const target = isPlain ? path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}`) : file;
  try {
    {
      await using handle = await open(target, 'w', 0o600);
      for await (const chunk of bytes) await handle.writeFile(chunk);
    }
    if (isPlain) await rename(target, file);
  } catch (error) {
    if (isPlain) await rm(target, { force: true });
    throw isOurs(error) ? error : cannotWrite(file, error);
  }
}

async function isPlainFile(file: string): Promise<boolean> {
  try {
    const found = await stat(file);
    if (found.isDirectory()) throw new BerthError('invalid_argument', `cannot write ${file}: it is a folder`);
    return found.isFile();
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return true;
    throw isOurs(error) ? error : cannotWrite(file, error);
  }
}

/** What did not come from the file system. */
function isOurs(error: unknown): boolean {
  return error instanceof BerthError || error instanceof ClosedOutput || errnoName(error) === undefined;
}

function cannotWrite(file: string, cause: unknown): BerthError {
  return new BerthError('invalid_argument', `cannot write ${file}: ${asError(cause).message}`, { cause });
}
