import { resolve } from 'node:path';
import { BerthError } from '@berth/model/error';
import type { CriuChoices } from '../criu/choices.ts';
import { dump } from '../criu/dump.ts';
import { destroy } from '../launch/destroy.ts';
import { loadContainer } from '../state/container.ts';
import { lockFolder } from '../state/lock.ts';
import { readSpec } from '../state/record.ts';
import type { FlagValues } from './flag.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

export async function run({ globals, flags, args, log }: Invocation<FlagsOf<'checkpoint'>>): Promise<number> {
  const id = args[0]!;
  using _lock = await lockFolder(loadContainer(globals.root, id).folder, id);
  const { folder, record, status } = loadContainer(globals.root, id);
  if (status !== 'running' && status !== 'paused') {
    throw new BerthError('failed_precondition', `Container cannot be checkpointed in ${status} state`, {
      code: 'container_not_running',
    });
  }
  await dump(record, readSpec(folder), {
    ...criuChoices(flags),
    parent: flags['parent-path'] === '' ? undefined : resolve(flags['parent-path']),
    leaveRunning: flags['leave-running'],
    skipInFlight: flags['tcp-skip-in-flight'],
    linkRemap: flags['link-remap'],
    statusFd: flags['status-fd'],
    pageServer: flags['page-server'],
    preDump: flags['pre-dump'],
  });
  // criu has ended its processes.
  if (!flags['leave-running'] && !flags['pre-dump']) await destroy(folder, { record, log });
  return 0;
}

type CommonFlags = FlagValues<Pick<FlagsOf<'restore'>, keyof FlagsOf<'restore'> & keyof FlagsOf<'checkpoint'>>>;

/** The flags that checkpoint and restore share. */
export function criuChoices(flags: CommonFlags): CriuChoices {
  const images = resolve(flags['image-path'] === '' ? 'checkpoint' : flags['image-path']);
  return {
    images,
    work: flags['work-path'] === '' ? images : resolve(flags['work-path']),
    tcpEstablished: flags['tcp-established'],
    extUnixSk: flags['ext-unix-sk'],
    shellJob: flags['shell-job'],
    lazyPages: flags['lazy-pages'],
    fileLocks: flags['file-locks'],
    manageCgroups: flags['manage-cgroups-mode'],
    emptyNamespaces: flags['empty-ns'],
    autoDedup: flags['auto-dedup'],
  };
}
