import { BerthError } from '@berth/model/error';
import { readBundle } from '../bundle/bundle.ts';
import { restoreContainer } from '../criu/restore-container.ts';
import { chooseCgroup } from '../launch/cgroup-place.ts';
import { destroy, killAndWait } from '../launch/destroy.ts';
import { isRootless } from '../state/root-folder.ts';
import { criuChoices } from './checkpoint.ts';
import { foreground } from './foreground.ts';
import { writePidFile } from './pid-file.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

export async function run({ globals, flags, args, log }: Invocation<FlagsOf<'restore'>>): Promise<number> {
  const { folder: bundle, spec } = readBundle(flags.bundle);
  const id = args[0]!;
  checkStreams(flags['console-socket'], spec.process.terminal === true);
  const rootless = isRootless(globals.rootless);
  const { folder, record, plan } = await restoreContainer({
    root: globals.root,
    id,
    bundle,
    spec,
    cgroup: await chooseCgroup({
      id,
      cgroupsPath: spec.linux.cgroupsPath,
      driver: globals.systemdCgroup ? 'systemd' : 'cgroupfs',
      rootless,
    }),
    rootless,
    log,
    choices: {
      ...criuChoices(flags),
      lsmProfile: flags['lsm-profile'],
      lsmMountContext: flags['lsm-mount-context'],
    },
  });
  if (flags['pid-file'] !== '') writePidFile(flags['pid-file'], record.pid);
  if (flags.detach) {
    await plan.leave();
    return 0;
  }
  await using session = foreground({ terminal: false, process: spec.process });
  const code = await session.serve(plan, record);
  await killAndWait(record);
  await destroy(folder, { record, log });
  return code;
}

/** criu gives the process the streams of the caller; a terminal would have to be made before, and it is not. */
function checkStreams(consoleSocket: string, terminal: boolean): void {
  if (consoleSocket === '' && !terminal) return;
  const field = consoleSocket === '' ? 'process.terminal' : '--console-socket';
  throw new BerthError('unimplemented', `${field}: a container with a terminal cannot be restored`, {
    code: 'restore_terminal',
    hint: 'checkpoint and restore containers without a terminal',
  });
}
