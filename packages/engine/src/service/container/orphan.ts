import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { backgroundContext } from '@berth/model/context';
import { errnoName } from '@berth/model/error';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { ContainerBackend } from './backend.ts';
import { cgroupPathOf, ownRuntime, placeOf } from './places.ts';

/** In the run folder of a container: what must be known to clean up behind it when its record is not there. */
const noteFile = 'runtime.json';

interface Note {
  readonly id: string;
  readonly runtime: string;
  readonly cgroupsPath: string;
}

/**
 * Written before the runtime is called. Our own runtime leaves nothing but cgroups, which are found by their names where
 * they are below the engine's own.
 */
export function noteRuntime(backend: ContainerBackend, run: string, note: Note): void {
  const isFound = note.runtime === ownRuntime && note.cgroupsPath === cgroupPathOf(backend, note.id);
  if (!isFound) writeFileSync(path.join(run, noteFile), JSON.stringify(note), { mode: 0o600 });
}

/** Has the runtime of a container without a record delete it. */
export async function cleanUpOrphan(backend: ContainerBackend, run: string): Promise<void> {
  const note = await readNote(path.join(run, noteFile));
  if (note === undefined) return;
  const { id, runtime, cgroupsPath } = note;
  // All that a clean-up looks at of the spec.
  const spec = { linux: { namespaces: [], cgroupsPath } } as unknown as RuntimeSpec;
  const place = placeOf(backend, { id, spec, stdin: false });
  await backend.runtimes.of(runtime).cleanUp(backgroundContext(backend.log), place);
}

async function readNote(file: string): Promise<Note | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Note;
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  }
}
