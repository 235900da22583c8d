import { createContainer } from '../launch/create-container.ts';
import { destroy, killAndWait } from '../launch/destroy.ts';
import { runLateHooks } from '../launch/host-hook.ts';
import { createRequest } from './create-request.ts';
import { foreground } from './foreground.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

export async function run(invocation: Invocation<FlagsOf<'run'>>): Promise<number> {
  const { flags, log } = invocation;
  const request = createRequest(invocation, { detached: flags.detach, until: 'held' });
  const terminal = request.spec.process.terminal === true && !flags.detach;
  await using session = foreground({ terminal, process: request.spec.process, detached: flags.detach });
  const { folder, record, context, plan } = await createContainer({
    ...request,
    foreground: !flags.detach,
    spec: { ...request.spec, process: session.process },
    ...(terminal ? { onOutput: (bytes: Uint8Array) => session.onOutput(bytes) } : {}),
  });
  const remove = async () => {
    await killAndWait(record);
    await destroy(folder, { record, log });
  };
  try {
    await plan!.proceed();
    await runLateHooks(context, 'poststart', { status: 'running', pid: record.pid });
  } catch (error) {
    await remove();
    throw error;
  }
  if (flags.detach) {
    await plan!.leave();
    return 0;
  }
  try {
    return await session.serve(plan!, record);
  } finally {
    // Also when the shim was killed: nobody could tell the end of the process any more.
    if (!flags.keep) await remove();
  }
}
