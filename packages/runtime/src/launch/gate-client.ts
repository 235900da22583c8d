import { connect } from 'node:net';
import { once } from 'node:events';
import { BerthError } from '@berth/model/error';
import type { FailedStep } from './start-error.ts';

/**
 * Knocks at the gate of a created container (docs/plan.md, `gate`). Resolves when its program runs, or with the step
 * that kept it from that. @throws failed_precondition when nobody waits behind the gate
 */
export async function openGate(path: string): Promise<FailedStep | undefined> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
  } catch (cause) {
    throw new BerthError('failed_precondition', `container not running: nobody waits at ${path}`, {
      code: 'container_not_running',
      cause,
    });
  }
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch {
    // A reset is an end.
  }
  const bytes = Buffer.concat(chunks);
  return bytes.length < 8 ? undefined : { errno: bytes.readInt32LE(0), record: bytes.readUInt32LE(4) };
}
