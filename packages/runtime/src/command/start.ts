import { BerthError } from '@berth/model/error';
import { startCreated } from '../launch/start-created.ts';
import { loadContainer } from '../state/container.ts';
import { lockFolder } from '../state/lock.ts';
import type { Invocation } from './verb.ts';

export async function run({ globals, args, log }: Invocation): Promise<number> {
  const id = args[0]!;
  using _lock = await lockFolder(loadContainer(globals.root, id).folder, id);
  const container = loadContainer(globals.root, id);
  if (container.status !== 'created') {
    const state =
      container.status === 'stopped' ? 'a container that has stopped' : `a container that is ${container.status}`;
    throw new BerthError('failed_precondition', `cannot start ${state}`, { code: 'container_not_created' });
  }
  await startCreated(container, log);
  return 0;
}
