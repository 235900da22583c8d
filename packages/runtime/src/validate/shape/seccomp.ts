import type { SeccompArg, SeccompRule, SeccompSpec } from '@berth/model/runtime-spec';
import { freeText, list, object, oneOf, optionalText, text, uint32, uint64 } from './guard.ts';
import type { Guard } from './guard.ts';
import { seccompActions, seccompArchitectures, seccompFlags, seccompOperators } from './words.ts';

const arg = object<SeccompArg>(
  { index: uint32, value: uint64, valueTwo: uint64, op: oneOf(seccompOperators) },
  { required: ['index', 'value', 'op'] },
);

const rule = object<SeccompRule>(
  {
    names: list(text, { filled: true }),
    action: oneOf(seccompActions),
    errnoRet: uint32,
    args: list(arg),
  },
  { required: ['names', 'action'] },
);

const profile = object<SeccompSpec>(
  {
    defaultAction: oneOf(seccompActions),
    defaultErrnoRet: uint32,
    architectures: list(oneOf(seccompArchitectures)),
    flags: list(oneOf(seccompFlags)),
    listenerPath: optionalText,
    listenerMetadata: freeText,
    syscalls: list(rule),
  },
  { required: ['defaultAction'] },
);

/** `linux.seccomp`. Without an action and without rules it is no filter, as runc's old callers say it. */
export const seccompShape: Guard<SeccompSpec> = (value, report) =>
  isEmpty(value) ? undefined : profile(value, report);

function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { defaultAction, syscalls } = value as { defaultAction?: unknown; syscalls?: unknown };
  return defaultAction === '' && (syscalls === undefined || syscalls === null);
}
