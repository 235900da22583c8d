import { defaultSpec } from '@berth/runtime/defaults/spec';
import type { ContainerBackend } from './backend.ts';
import { ownRuntime, placeOf, rootMounts, rootTarget } from './places.ts';

/**
 * Compiles the plan of a default container once and throws it away: the first compilation of the seccomp profile takes
 * 6 to 17 ms, later ones a tenth of one. The first container should not pay for it.
 */
export function warmUp(backend: ContainerBackend): void {
  const spec = defaultSpec({ rootPath: rootTarget(backend), args: ['/bin/true'] });
  const mount = { type: 'bind', source: '/', options: [], cwd: '/' } as const;
  const place = placeOf(backend, { id: 'warm-up', spec, stdin: false });
  void backend.runtimes.of(ownRuntime).startPlan(place, { rootMounts: rootMounts(mount) });
}
