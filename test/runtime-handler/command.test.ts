import { describe } from 'node:test';
import { runtimeHandlerSuite } from '@berth/runtime/handler/suite';
import { commandRuntime, whyNotCommand } from './place.ts';
import { peers } from './peers.ts';

for (const [name, binary] of peers()) {
  const skip = await whyNotCommand(name, binary);
  // The reason is in the name too: a skipped suite says nothing else.
  describe(`${name} (${binary}) as a handler${skip === undefined ? '' : `: ${skip}`}`, { skip: skip ?? false }, () => {
    runtimeHandlerSuite(() => commandRuntime(name, binary));
  });
}
