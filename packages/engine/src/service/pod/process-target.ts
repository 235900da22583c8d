import { BerthError } from '@berth/model/error';
import type { ContainerEntry } from '../container/entry.ts';
import type { PodBackend } from './backend.ts';
import type { PodEntry } from './entry.ts';
import { partOf } from './views.ts';

/**
 * The first process of the container whose processes are to be seen.
 * @throws invalid_argument (`bad_target`), failed_precondition (`not_running`)
 */
export function targetPid({ pods }: PodBackend, pod: PodEntry, targetId: string): number {
  const { container, pod: other } = pods.findContainer(pod.namespace, targetId);
  if (other !== pod) {
    throw new BerthError(
      'invalid_argument',
      `container ${targetId}, whose processes are to be seen, is of another pod`,
      {
        code: 'bad_target',
        hint: 'linux.security_context.namespace_options.target_id names a container of the same pod',
      },
    );
  }
  if (container.isRunning) return container.state.pid;
  throw notRunning(targetId);
}

/**
 * Before a start: the process that its spec names may have ended since, and its number be another's, of which the
 * container must see nothing. @throws failed_precondition (`not_running`)
 */
export function checkTarget(backend: PodBackend, pod: PodEntry, container: ContainerEntry): void {
  const { pid, targetId } = partOf(container).config.security.namespaces;
  if (pid !== 'target') return;
  const target = `/proc/${targetPid(backend, pod, targetId)}/ns/pid`;
  const { namespaces } = container.record.spec.linux;
  if (namespaces.every((namespace) => namespace.path !== target)) throw notRunning(targetId);
}

function notRunning(targetId: string): BerthError {
  return new BerthError(
    'failed_precondition',
    `container ${targetId}, whose processes are to be seen, is not running`,
    {
      code: 'not_running',
    },
  );
}
