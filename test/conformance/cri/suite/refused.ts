import assert from 'node:assert/strict';
import { BerthError, type ErrorKind } from '@berth/model/error';

/** Fails unless the call is refused with one of these kinds. @returns the message */
export async function refused(call: Promise<unknown>, ...kinds: readonly ErrorKind[]): Promise<string> {
  const error: unknown = await call.then(
    () => assert.fail('it is not refused'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof BerthError, String(error));
  assert.ok(kinds.length === 0 || kinds.includes(error.kind), `${error.kind}: ${error.message}`);
  return error.message;
}

/** containerd answers many bad requests with UNKNOWN, which `Channel` tells as internal. */
export const anyRefusal: readonly ErrorKind[] = ['invalid_argument', 'internal', 'not_found', 'failed_precondition'];
