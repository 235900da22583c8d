import { BerthError, isKind } from '@berth/model/error';
import type { BerthClient } from '@berth/sdk/client';
import { type SessionOptions, runSession } from './terminal/session.ts';

/** How a command in the foreground is shown. */
export type Foreground = Omit<SessionOptions, 'open' | 'sendSignal'> & {
  readonly logs?: boolean;
  readonly start: boolean;
  /** The daemon removes the container when it has ended: wait for that too. */
  readonly autoRemove?: boolean;
  readonly proxySignals: boolean;
};

/** Attaches to a container until it ends; its exit code. */
export async function followContainer(client: BerthClient, id: string, options: Foreground): Promise<number> {
  const { stdin, start, logs } = options;
  const end = await runSession({
    ...options,
    open: (onOutput, size) => client.containers.attach(id, { stdin, start, logs, size, onOutput }),
    sendSignal: options.proxySignals ? (signal) => client.containers.kill(id, signal) : undefined,
  }).catch((error: unknown) => {
    throw error instanceof BerthError && error.code === 'connection_lost' ? lostContainer(id, error) : error;
  });
  if (end === 'detached') return 0;
  if (end === 'given-up') return 1;
  if (options.autoRemove === true) await waitForRemoval(client, id);
  return end.exit.exitCode;
}

/** As docker: after `run --rm` the name is free, and the image not in use. */
async function waitForRemoval(client: BerthClient, id: string): Promise<void> {
  try {
    await client.containers.wait(id, 'removed');
  } catch (error) {
    if (!isKind(error, 'not_found')) throw error;
  }
}

/** The daemon's end is not the container's. */
function lostContainer(id: string, cause: BerthError): BerthError {
  const ref = id.slice(0, 12);
  return new BerthError('unavailable', `lost the daemon while attached to container ${ref}`, {
    code: cause.code,
    hint: `the container goes on without it: see 'berth logs ${ref}' and 'berth wait ${ref}'`,
    cause,
  });
}

/** Docker's exit code for a command that could not be begun, else the one given. */
export function startFailureCode(error: unknown, otherwise: number): number {
  const code = error instanceof BerthError ? error.code : '';
  if (code === 'command_not_found') return 127;
  return code === 'command_not_executable' ? 126 : otherwise;
}
