import { resolve } from 'node:path';
import { BerthError } from '@berth/model/error';
import { type ExecChoices, execIn } from '../launch/exec-in.ts';
import { type Container, loadContainer } from '../state/container.ts';
import { identify } from '../state/process-identity.ts';
import { readSpec } from '../state/record.ts';
import { checkTerminal } from './create-request.ts';
import { execProcess } from './exec-process.ts';
import { foreground } from './foreground.ts';
import { writePidFile } from './pid-file.ts';
import { preservedDescriptors } from './preserved.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

export async function run(invocation: Invocation<FlagsOf<'exec'>>): Promise<number> {
  const { globals, flags, args } = invocation;
  const container = loadContainer(globals.root, args[0]!);
  checkStatus(container, flags['ignore-paused']);
  const spec = readSpec(container.folder);
  const process = execProcess(spec, invocation);
  const terminal = process.terminal === true;
  checkTerminal(terminal, { detached: flags.detach, consoleSocket: flags['console-socket'] });
  const served = terminal && !flags.detach;
  await using session = foreground({ terminal: served, process, detached: flags.detach });
  const plan = await execIn(container, {
    spec,
    process: session.process,
    ...choices(invocation),
    foreground: !flags.detach,
    ...(served ? { onOutput: (bytes: Uint8Array) => session.onOutput(bytes) } : {}),
  });
  const identity = identify(plan.pid) ?? { pid: plan.pid, startTime: 0 };
  if (flags['pid-file'] !== '') writePidFile(flags['pid-file'], plan.pid);
  if (flags.detach) {
    await plan.leave();
    return 0;
  }
  return await session.serve(plan, identity);
}

function choices({ flags }: Invocation<FlagsOf<'exec'>>): ExecChoices {
  const socket = (path: string) => (path === '' ? undefined : resolve(path));
  return {
    preserve: preservedDescriptors(flags['preserve-fds'], { first: false }),
    consoleSocket: socket(flags['console-socket']),
    pidfdSocket: socket(flags['pidfd-socket']),
    cgroups: flags.cgroup,
  };
}

function checkStatus({ status }: Container, ignorePaused: boolean): void {
  if (status === 'stopped' || status === 'creating') {
    throw new BerthError('failed_precondition', 'cannot exec in a stopped container', { code: 'container_stopped' });
  }
  if (status === 'paused' && !ignorePaused) {
    throw new BerthError('failed_precondition', 'cannot exec in a paused container', {
      code: 'container_paused',
      hint: 'use --ignore-paused to override',
    });
  }
}
