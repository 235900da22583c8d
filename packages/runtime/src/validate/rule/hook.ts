import { posix } from 'node:path';
import type { HookKind, RuntimeSpec } from '@berth/model/runtime-spec';
import { at } from '../finding.ts';
import type { Rule } from './rule.ts';

/** All hook kinds, in the order in which they run. */
export const hookKinds: readonly HookKind[] = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
];

export const hookRules: readonly Rule<RuntimeSpec>[] = [
  {
    code: 'spec.hook_path_relative',
    meaning: 'the program of a hook is not an absolute path',
    remedy: 'give the whole path; startContainer hooks are looked for in the container, all others on the host',
    *find({ hooks = {} }) {
      for (const kind of hookKinds) {
        for (const [index, { path }] of (hooks[kind] ?? []).entries()) {
          if (!posix.isAbsolute(path)) yield at(`hooks.${kind}[${index}].path`, `not absolute: '${path}'`);
        }
      }
    },
  },
  {
    code: 'spec.hook_prestart_deprecated',
    level: 'warning',
    meaning: '`hooks.prestart` is deprecated',
    remedy: 'use createRuntime, which runs right after it in the same place',
    *find({ hooks }) {
      if (hooks?.prestart?.length) yield at('hooks.prestart', 'is deprecated');
    },
  },
];
