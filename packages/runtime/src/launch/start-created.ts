import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '@berth/model/context';
import { BerthError } from '@berth/model/error';
import { openGate } from '../shim/gate.ts';
import type { Container } from '../state/container.ts';
import { gateFile, readSpec } from '../state/record.ts';
import { planFile } from './create-container.ts';
import { runLateHooks } from './host-hook.ts';
import type { FailedStep } from './start-error.ts';

/**
 * Lets a created container run its program, and runs its poststart hooks then.
 * @throws what kept the program from running; the container is stopped then
 */
export async function startCreated({ folder, record }: Container, log: Log): Promise<void> {
  const gate = join(folder, gateFile);
  const failure = await openGate(gate);
  // From now on it is running, or stopped.
  rmSync(gate, { force: true });
  if (failure !== undefined) throw await inWords(folder, failure);
  const { id, bundle, rootfs, pid } = record;
  const context = { id, bundle, rootfs, spec: readSpec(folder), log };
  await runLateHooks(context, 'poststart', { status: 'running', pid });
}

async function inWords(folder: string, failure: FailedStep): Promise<Error> {
  const { decodePlan } = await import('../plan/decode.ts');
  const { startError } = await import('./start-error.ts');
  try {
    return startError(decodePlan(readFileSync(join(folder, planFile))), failure);
  } catch (cause) {
    return new BerthError('internal', `start failed at step ${failure.record} with errno ${failure.errno}`, { cause });
  }
}
