import { BerthError, errnoName } from '@berth/model/error';
import type { CommandRuntimeOptions } from './options.ts';

/** The runtime's program cannot be run at all. */
export function missing({ name, binary }: CommandRuntimeOptions, cause: unknown): BerthError {
  const hint = `correct runtimes.${name}.binary in berthd's configuration, or install it`;
  if (errnoName(cause) === 'ENOENT') {
    const message = `runtime ${name}: there is no ${binary}`;
    return new BerthError('failed_precondition', message, { code: 'runtime_missing', hint, cause });
  }
  const message = `runtime ${name}: ${binary} is not executable`;
  return new BerthError('failed_precondition', message, { code: 'runtime_not_executable', hint, cause });
}
