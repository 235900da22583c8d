import { createContainer } from '../launch/create-container.ts';
import { createRequest } from './create-request.ts';
import type { Invocation } from './verb.ts';
import type { FlagsOf } from './verb-flags.ts';

export async function run(invocation: Invocation<FlagsOf<'create'>>): Promise<number> {
  await createContainer(createRequest(invocation, { detached: true, until: 'gate' }));
  return 0;
}
