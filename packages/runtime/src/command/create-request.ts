import { resolve } from 'node:path';
import { BerthError } from '@berth/model/error';
import { readBundle } from '../bundle/bundle.ts';
import { spell } from '../validate/finding.ts';
import { validateRootless } from '../validate/validate.ts';
import type { CreateRequest } from '../launch/create-container.ts';
import { isRootless } from '../state/root-folder.ts';
import type { FlagValues } from './flag.ts';
import { preservedDescriptors, withListening } from './preserved.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';
import { writePidFile } from './pid-file.ts';

/** What `create` and `run` have in common: their flags as a request. */
export function createRequest(
  { globals, flags, args, log }: Invocation<FlagsOf<'create'>>,
  { detached, until }: { readonly detached: boolean; readonly until: CreateRequest['until'] },
): CreateRequest {
  const { folder: bundle, spec, warnings } = readBundle(flags.bundle);
  const rootless = isRootless(globals.rootless);
  if (rootless) validateRootless(spec);
  for (const finding of warnings) log.warn(spell(finding));
  checkTerminal(spec.process.terminal === true, { detached, consoleSocket: flags['console-socket'] });
  const pidFile = flags['pid-file'];
  return {
    root: globals.root,
    id: args[0]!,
    bundle,
    spec: { ...spec, process: withListening(spec.process) },
    log,
    rootless,
    systemdCgroup: globals.systemdCgroup,
    ...launchFlags(flags),
    preserve: preservedDescriptors(flags['preserve-fds'], { first: true }),
    until,
    onCreated: (pid) => (pidFile === '' ? undefined : writePidFile(pidFile, pid)),
  };
}

function launchFlags(flags: FlagValues<FlagsOf<'create'>>) {
  const socket = (path: string) => (path === '' ? undefined : resolve(path));
  return {
    noPivot: flags['no-pivot'],
    noNewKeyring: flags['no-new-keyring'],
    consoleSocket: socket(flags['console-socket']),
    pidfdSocket: socket(flags['pidfd-socket']),
  };
}

/** Who serves the terminal must be clear before anything is made. @throws invalid_argument */
export function checkTerminal(
  terminal: boolean,
  { detached, consoleSocket }: { readonly detached: boolean; readonly consoleSocket: string },
): void {
  if (detached && terminal && consoleSocket === '') {
    throw new BerthError(
      'invalid_argument',
      'cannot allocate tty if berth-oci will detach without setting console socket',
      {
        code: 'no_console_socket',
      },
    );
  }
  if ((!detached || !terminal) && consoleSocket !== '') {
    throw new BerthError('invalid_argument', 'cannot use console socket if berth-oci will not detach or allocate tty', {
      code: 'unused_console_socket',
    });
  }
}
