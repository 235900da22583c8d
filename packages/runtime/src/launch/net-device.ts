import { BerthError } from '@berth/model/error';
import type { LaunchContext } from './context.ts';

/** Moves the host's network devices that the spec names into the container's network namespace. */
export async function moveNetDevices({ spec }: LaunchContext, _pid: number): Promise<void> {
  const [name] = Object.keys(spec.linux.netDevices ?? {});
  if (name === undefined) return;
  throw new BerthError('unimplemented', `linux.netDevices: cannot move ${name}`, { code: 'no_netlink' });
}
