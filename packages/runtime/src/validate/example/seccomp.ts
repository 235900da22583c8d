import { agent, call, calls, filter, notify } from './example.ts';
import type { BadSpec } from './example.ts';

/** Filters. */
export const badFilters: readonly BadSpec[] = [
  ['spec.seccomp_errno_unused', 'linux.seccomp.defaultErrnoRet', { 'linux.seccomp': filter({ defaultErrnoRet: 1 }) }],
  [
    'spec.seccomp_errno_unused',
    'linux.seccomp.syscalls[0].errnoRet',
    { 'linux.seccomp': calls({ names: ['a'], action: 'SCMP_ACT_KILL', errnoRet: 1 }) },
  ],
  [
    'spec.seccomp_errno_range',
    'linux.seccomp.syscalls[0].errnoRet',
    { 'linux.seccomp': calls({ names: ['a'], action: 'SCMP_ACT_ERRNO', errnoRet: 4096 }) },
  ],
  [
    'spec.seccomp_errno_range',
    'linux.seccomp.defaultErrnoRet',
    { 'linux.seccomp': { defaultAction: 'SCMP_ACT_TRACE', defaultErrnoRet: 65536 } },
  ],
  [
    'spec.seccomp_name_empty',
    'linux.seccomp.syscalls[0].names[1]',
    { 'linux.seccomp': calls({ names: ['a', ''], action: 'SCMP_ACT_LOG' }) },
  ],
  [
    'spec.seccomp_argument_index',
    'linux.seccomp.syscalls[0].args[0].index',
    { 'linux.seccomp': call({ index: 6, value: 0, op: 'SCMP_CMP_EQ' }) },
  ],
  [
    'spec.seccomp_notify_default',
    'linux.seccomp.defaultAction',
    { 'linux.seccomp': { defaultAction: 'SCMP_ACT_NOTIFY' } },
  ],
  [
    'spec.seccomp_notify_write',
    'linux.seccomp.syscalls[0].names[1]',
    { 'linux.seccomp': { ...calls({ ...notify, names: ['a', 'write'] }), ...agent } },
  ],
  ['spec.seccomp_listener_missing', 'linux.seccomp.listenerPath', { 'linux.seccomp': calls(notify) }],
  [
    'spec.seccomp_listener_path',
    'linux.seccomp.listenerPath',
    { 'linux.seccomp': { ...calls(notify), listenerPath: 'agent' } },
  ],
  [
    'spec.seccomp_listener_path',
    'linux.seccomp.listenerPath',
    { 'linux.seccomp': { ...calls(notify), listenerPath: `/${'a'.repeat(107)}` } },
  ],
  [
    'spec.seccomp_metadata_without_listener',
    'linux.seccomp.listenerMetadata',
    { 'linux.seccomp': filter({ listenerMetadata: 'm' }) },
  ],
];
