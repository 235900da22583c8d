import { posix } from 'node:path';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import { at } from '../finding.ts';
import type { Rule } from './rule.ts';

export const pathRules: readonly Rule<RuntimeSpec>[] = (['maskedPaths', 'readonlyPaths'] as const).map((name) => ({
  code: name === 'maskedPaths' ? 'spec.masked_path_relative' : 'spec.readonly_path_relative',
  meaning: `an item of \`linux.${name}\` is not an absolute path`,
  remedy: 'write the path from the root of the container',
  *find({ linux }) {
    for (const [index, path] of (linux[name] ?? []).entries()) {
      if (!posix.isAbsolute(path)) yield at(`linux.${name}[${index}]`, `not absolute: '${path}'`);
    }
  },
}));
