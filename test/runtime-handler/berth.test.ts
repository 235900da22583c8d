import { describe } from 'node:test';
import { runtimeHandlerSuite } from '@berth/runtime/handler/suite';
import { berthRuntime, whyNot } from './place.ts';

describe('the in-house runtime as a handler', { skip: whyNot() ?? false }, () => {
  runtimeHandlerSuite(berthRuntime);
});
