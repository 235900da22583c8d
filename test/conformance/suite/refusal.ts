import { strict as assert } from 'node:assert';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Box, CallOptions } from './box.ts';

/** The container is refused: exit code 1, a message that matches, and no state is left. */
export function refused(message: RegExp, options: CallOptions & { readonly flags?: readonly string[] } = {}) {
  return async (box: Box): Promise<void> => {
    box.spec.process.args[0] ??= '/probe';
    const { code, stdout, stderr } = await box.run(options);
    assert.equal(code, 1, `exit code ${code}: ${stderr}${stdout}`);
    assert.match(stderr, message);
    const states = path.join(box.folder, 's');
    if (existsSync(states)) assert.deepEqual(readdirSync(states), [], 'state is left');
  };
}
