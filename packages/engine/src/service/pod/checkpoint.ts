import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CallContext } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import { findCriu } from '@berth/runtime/criu/program';
import { treeArchive } from '../container/export.ts';
import type { ContainerEntry } from '../container/entry.ts';
import { placeOfEntry, runtimeOf } from '../container/places.ts';
import { type PodBackend, withoutClient } from './backend.ts';
import { writeCheckpointFiles } from './checkpoint-files.ts';
import type { CheckpointRequest } from './contract.ts';

type Backend = Pick<PodBackend, 'pods' | 'containers'>;

/**
 * Writes an archive as CRI-O and containerd do, which checkpointctl reads. It goes on when its client leaves, however long
 * that takes: criu is inside of the container's processes, and nobody may end it there. The archive is whole or absent.
 */
export async function checkpointContainer(
  backend: Backend,
  context: CallContext,
  { ref, request }: { readonly ref: string; readonly request: CheckpointRequest },
): Promise<void> {
  const { container } = backend.pods.findContainer(context.namespace, ref);
  if (!container.isRunning || container.state.pid === 0) throw notRunning(container);
  if (findCriu() === undefined) throw criuMissing();
  await checkLocation(request.location);
  const scratch = path.join(backend.containers.root, 'tmp', `checkpoint-${randomBytes(8).toString('hex')}`);
  try {
    await dump(backend, withoutClient(context), { container, scratch });
    await writeArchive(backend, { scratch, location: request.location });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function dump(
  { containers }: Backend,
  context: CallContext,
  { container, scratch }: { readonly container: ContainerEntry; readonly scratch: string },
): Promise<void> {
  const images = path.join(scratch, 'checkpoint');
  await mkdir(images, { recursive: true, mode: 0o700 });
  const { pid } = container.state;
  // criu's log and its statistics stand beside the images, as checkpointctl looks for them.
  await runtimeOf(containers, container)
    .checkpoint(context, placeOfEntry(containers, container), { pid, images, work: scratch })
    .catch((error: unknown) => Promise.reject(withoutLog(container, error)));
  await writeCheckpointFiles(containers, context, { container, folder: scratch });
}

/** criu's own words are in the message; the log that the hint names goes with the rest. */
function withoutLog({ id }: ContainerEntry, error: unknown): unknown {
  if (!(error instanceof BerthError)) return error;
  return new BerthError(error.kind, `container ${id}: ${error.message}`, { code: error.code, cause: error });
}

/** Nobody sees a part of it under its name. */
async function writeArchive(
  { containers }: Backend,
  { scratch, location }: { readonly scratch: string; readonly location: string },
): Promise<void> {
  const partial = `${location}.partial-${randomBytes(4).toString('hex')}`;
  const file = await open(partial, 'wx', 0o600);
  try {
    try {
      const never = new AbortController().signal;
      for await (const piece of treeArchive(containers.walk([scratch]), never)) await file.write(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, location);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Before anything is frozen. @throws invalid_argument */
async function checkLocation(location: string): Promise<void> {
  const folder = path.dirname(location);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  throw new BerthError('invalid_argument', `location ${location}: there is no folder ${folder}`, {
    code: 'bad_location',
    hint: 'kubelet makes /var/lib/kubelet/checkpoints; make the folder, or name another',
  });
}

function notRunning({ id, state }: ContainerEntry): BerthError {
  return new BerthError(
    'failed_precondition',
    `container ${id} is ${state.status}: only one that runs can be written`,
    {
      code: 'not_running',
    },
  );
}

function criuMissing(): BerthError {
  return new BerthError('failed_precondition', 'checkpoints need the program criu, which is not in $PATH', {
    code: 'criu_missing',
    hint: 'install criu 3.16 or later; on Debian: apt-get install criu',
  });
}
