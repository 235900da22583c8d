import type { LaunchContext } from './context.ts';

/** The statuses that a hook can see, runtime.md "State". */
export type HookStatus = 'creating' | 'created' | 'running' | 'stopped';

/** What a hook reads on its standard input: the state of the runtime spec, as JSON. */
export function hookState({ id, bundle, spec }: LaunchContext, status: HookStatus, pid: number): string {
  const { ociVersion, annotations } = spec;
  return JSON.stringify({
    ociVersion,
    id,
    status,
    // "REQUIRED when status is created or running": a stopped container has none.
    ...(pid > 0 ? { pid } : {}),
    bundle,
    ...(annotations === undefined ? {} : { annotations }),
  });
}
