import { asError, BerthError } from '@berth/model/error';
import { connectLoopback } from '@berth/runtime/network/connect-loopback';
import type { PodPorts, PodService } from './contract.ts';

/** Connections made inside of the pod's network namespace: they need no address of the pod, nor a route to it. */
export function createPodPorts(pods: Pick<PodService, 'inspect'>): PodPorts {
  return {
    async connect(context, ref, port) {
      const { id, state, netns } = pods.inspect(context, ref);
      if (state !== 'ready') {
        throw new BerthError('failed_precondition', `pod ${id} is not ready`, {
          code: 'pod_not_ready',
          hint: 'its sandbox has ended or was stopped',
        });
      }
      try {
        return await connectLoopback(netns, port);
      } catch (cause) {
        throw new BerthError('unavailable', `pod ${id}, port ${port}: ${reasons(cause)}`, {
          code: 'port_unreachable',
          hint: 'a program in the pod must listen on this port of 127.0.0.1 or ::1',
          cause,
        });
      }
    },
  };
}

function reasons(cause: unknown): string {
  const errors: unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
  return errors.map((error) => asError(error).message).join('; ');
}
