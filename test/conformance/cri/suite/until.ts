import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventPatience } from '../../../harness/patience.ts';

/** Asks again and again. @throws AssertionError when it does not become true in time */
export async function until(isTrue: () => boolean | Promise<boolean>, what: string | (() => string)): Promise<void> {
  for (const deadline = Date.now() + eventPatience; Date.now() < deadline; await sleep(10)) if (await isTrue()) return;
  assert.fail(`not so within ${eventPatience} ms: ${typeof what === 'string' ? what : what()}`);
}
