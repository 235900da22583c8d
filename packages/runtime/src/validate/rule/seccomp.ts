import { posix } from 'node:path';
import type { RuntimeSpec, SeccompSpec } from '@berth/model/runtime-spec';
import { at } from '../finding.ts';
import type { Found } from '../finding.ts';
import type { Rule } from './rule.ts';

const notify = 'SCMP_ACT_NOTIFY';
const withErrno = ['SCMP_ACT_ERRNO', 'SCMP_ACT_TRACE'];
/** MAX_ERRNO of the kernel; SCMP_ACT_TRACE hands 16 bits to the tracer. */
const most: Readonly<Record<string, number>> = { SCMP_ACT_ERRNO: 4095, SCMP_ACT_TRACE: 0xffff };
/** sun_path with its final NUL, unix(7). */
const longestSocket = 107;

/** A rule that looks at the filter alone, where there is one. */
function rule(
  of: Omit<Rule<RuntimeSpec>, 'find'> & { readonly find: (seccomp: SeccompSpec) => Iterable<Found> },
): Rule<RuntimeSpec> {
  return {
    ...of,
    *find({ linux: { seccomp } }) {
      if (seccomp === undefined) return;
      for (const { path, message } of of.find(seccomp)) yield at(`linux.seccomp.${path}`, message);
    },
  };
}

/** Every action with the errno beside it. */
function* actions({ defaultAction, defaultErrnoRet, syscalls = [] }: SeccompSpec) {
  yield { path: 'defaultErrnoRet', action: defaultAction, errno: defaultErrnoRet };
  for (const [index, { action, errnoRet }] of syscalls.entries()) {
    yield { path: `syscalls[${index}].errnoRet`, action, errno: errnoRet };
  }
}

function notifies({ syscalls = [] }: SeccompSpec): boolean {
  return syscalls.some(({ action }) => action === notify);
}

const errnoRules: readonly Rule<RuntimeSpec>[] = [
  rule({
    code: 'spec.seccomp_errno_unused',
    meaning: 'an errno is given for an action other than SCMP_ACT_ERRNO and SCMP_ACT_TRACE',
    remedy: 'remove the errno, or change the action',
    *find(seccomp) {
      for (const { path, action, errno } of actions(seccomp)) {
        if (errno !== undefined && !withErrno.includes(action)) yield at(path, `${action} returns no errno`);
      }
    },
  }),
  rule({
    code: 'spec.seccomp_errno_range',
    meaning: 'an errno is above what the kernel can return',
    remedy: `give an error number: at most ${most['SCMP_ACT_ERRNO']} for SCMP_ACT_ERRNO`,
    *find(seccomp) {
      for (const { path, action, errno = 0 } of actions(seccomp)) {
        if (errno > (most[action] ?? Infinity)) yield at(path, `${errno} is no error number`);
      }
    },
  }),
];

const syscallRules: readonly Rule<RuntimeSpec>[] = [
  rule({
    code: 'spec.seccomp_name_empty',
    meaning: 'a name of a system call is empty',
    remedy: 'remove it',
    *find({ syscalls = [] }) {
      for (const [index, { names }] of syscalls.entries()) {
        const empty = names.indexOf('');
        if (empty >= 0) yield at(`syscalls[${index}].names[${empty}]`, 'is empty');
      }
    },
  }),
  rule({
    code: 'spec.seccomp_argument_index',
    meaning: 'a comparison is about an argument beyond the sixth',
    remedy: 'arguments are counted from 0 to 5',
    *find({ syscalls = [] }) {
      for (const [index, { args = [] }] of syscalls.entries()) {
        for (const [place, arg] of args.entries()) {
          if (arg.index > 5) yield at(`syscalls[${index}].args[${place}].index`, `there is no argument ${arg.index}`);
        }
      }
    },
  }),
];

const notifyRules: readonly Rule<RuntimeSpec>[] = [
  rule({
    code: 'spec.seccomp_notify_default',
    meaning: 'SCMP_ACT_NOTIFY is the default action: nobody could hand the listener over',
    remedy: 'name the system calls to be asked about',
    *find({ defaultAction }) {
      if (defaultAction === notify) yield at('defaultAction', `${notify} cannot be the default`);
    },
  }),
  rule({
    code: 'spec.seccomp_notify_write',
    meaning: 'SCMP_ACT_NOTIFY is given for write, which the runtime itself needs behind the filter',
    remedy: 'leave write out',
    *find({ syscalls = [] }) {
      for (const [index, { names, action }] of syscalls.entries()) {
        const place = names.indexOf('write');
        if (action === notify && place >= 0)
          yield at(`syscalls[${index}].names[${place}]`, `write cannot be ${notify}`);
      }
    },
  }),
  rule({
    code: 'spec.seccomp_listener_missing',
    meaning: 'SCMP_ACT_NOTIFY is used without a `linux.seccomp.listenerPath`',
    remedy: "give the path of the agent's unix socket",
    *find(seccomp) {
      if (notifies(seccomp) && !seccomp.listenerPath) yield at('listenerPath', `${notify} needs an agent`);
    },
  }),
  rule({
    code: 'spec.seccomp_listener_unused',
    level: 'warning',
    meaning: '`linux.seccomp.listenerPath` is given, but nothing is SCMP_ACT_NOTIFY',
    remedy: 'remove it: it is ignored',
    *find(seccomp) {
      if (seccomp.listenerPath && !notifies(seccomp)) yield at('listenerPath', `is ignored without ${notify}`);
    },
  }),
  rule({
    code: 'spec.seccomp_listener_path',
    meaning: '`linux.seccomp.listenerPath` cannot be the path of a unix socket',
    remedy: `give an absolute path of at most ${longestSocket} bytes`,
    *find({ listenerPath = '/' }) {
      if (!posix.isAbsolute(listenerPath)) yield at('listenerPath', `not absolute: '${listenerPath}'`);
      if (Buffer.byteLength(listenerPath) > longestSocket)
        yield at('listenerPath', `is longer than ${longestSocket} bytes`);
    },
  }),
  rule({
    code: 'spec.seccomp_metadata_without_listener',
    meaning: '`linux.seccomp.listenerMetadata` is given without a listenerPath',
    remedy: 'give listenerPath, or remove listenerMetadata',
    *find({ listenerMetadata, listenerPath }) {
      if (listenerMetadata && !listenerPath) yield at('listenerMetadata', 'needs a listenerPath');
    },
  }),
  rule({
    code: 'spec.seccomp_wait_without_notify',
    level: 'warning',
    meaning: 'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is given, but nothing is SCMP_ACT_NOTIFY',
    remedy: 'remove the flag: it is about waiting for an agent',
    *find(seccomp) {
      const index = seccomp.flags?.indexOf('SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV') ?? -1;
      if (index >= 0 && !notifies(seccomp)) yield at(`flags[${index}]`, `is ignored without ${notify}`);
    },
  }),
];

export const seccompRules: readonly Rule<RuntimeSpec>[] = [...errnoRules, ...syscallRules, ...notifyRules];
