import { BerthError } from '@berth/model/error';
import { cgroupOf } from '../launch/members.ts';
import { loadContainer } from '../state/container.ts';
import { lockFolder } from '../state/lock.ts';
import type { Invocation } from './verb.ts';

export async function run({ globals, args }: Invocation): Promise<number> {
  const id = args[0]!;
  using _lock = await lockFolder(loadContainer(globals.root, id).folder, id);
  const { record, status } = loadContainer(globals.root, id);
  if (status !== 'paused') {
    throw new BerthError('failed_precondition', `container not paused: ${status}`, { code: 'container_not_paused' });
  }
  await cgroupOf(record, 'resume').thaw();
  return 0;
}
