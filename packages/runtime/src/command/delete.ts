import { BerthError, isKind } from '@berth/model/error';
import { destroy, killAndWait } from '../launch/destroy.ts';
import { existingFolder } from '../state/container-folder.ts';
import { lockFolder } from '../state/lock.ts';
import { readRecord } from '../state/record.ts';
import { removeFolder } from '../state/container-folder.ts';
import { statusOf } from '../state/status.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

export async function run({ globals, flags, args, log }: Invocation<FlagsOf<'delete'>>): Promise<number> {
  const id = args[0]!;
  try {
    const folder = existingFolder(globals.root, id);
    using _lock = await lockFolder(folder, id);
    await remove(folder, { id, force: flags.force, log });
  } catch (error) {
    if (!flags.force || !isKind(error, 'not_found')) throw error;
  }
  return 0;
}

interface Removal {
  readonly id: string;
  readonly force: boolean;
  readonly log: Invocation['log'];
}

async function remove(folder: string, { id, force, log }: Removal): Promise<void> {
  const record = recordOf(folder, force);
  // Nothing was begun: a create that ended before its first word.
  if (record === undefined) return removeFolder(folder);
  const status = statusOf(folder, record);
  if (!force && (status === 'running' || status === 'paused')) {
    throw new BerthError('failed_precondition', `cannot delete container ${id} that is not stopped: ${status}`, {
      code: 'container_running',
      hint: 'kill it first, or use --force',
    });
  }
  if (status !== 'stopped') await killAndWait(record);
  await destroy(folder, { record, log });
}

function recordOf(folder: string, force: boolean) {
  try {
    return readRecord(folder);
  } catch (error) {
    if (force && isKind(error, 'data_loss')) return undefined;
    throw error;
  }
}
