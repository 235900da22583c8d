import { BerthError, isKind } from '@berth/model/error';
import type { RuntimeHandler } from '@berth/runtime/handler/contract';
import type { PodParts } from './backend.ts';

/** The runtime handler that a pod asks for; empty: the default. @throws not_found (`unknown_runtime`) */
export function handlerOf({ containers, settings }: PodParts, name: string): RuntimeHandler {
  try {
    return containers.runtimes.get(name === '' ? settings.defaultRuntime : name);
  } catch (cause) {
    if (!isKind(cause, 'invalid_argument')) throw cause;
    throw new BerthError('not_found', `no runtime handler ${name} is configured`, {
      code: 'unknown_runtime',
      hint: cause.hint ?? 'berthd.toml: [runtimes] has the names',
      cause,
    });
  }
}
