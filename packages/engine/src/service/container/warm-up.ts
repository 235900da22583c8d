import { compileContainer } from '@berth/runtime/compile/container';
import { defaultSpec } from '@berth/runtime/defaults/spec';
import type { ContainerBackend } from './backend.ts';
import { hostFacts, rootTarget } from './places.ts';

/**
 * Compiles the plan of a default container once and throws it away: the first compilation of the seccomp profile takes
 * 6 to 17 ms, later ones a tenth of one. The first container should not pay for it.
 */
export function warmUp(backend: ContainerBackend): void {
  const spec = defaultSpec({ rootPath: rootTarget(backend), args: ['/bin/true'] });
  const mount = { type: 'bind', source: '/', options: [], cwd: '/' } as const;
  compileContainer(spec, hostFacts(backend, 'warm-up', { mount, stdin: false }));
}
