import type { Log } from '@berth/model/context';
import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { CgroupPlace } from '../cgroup/place.ts';

/** All that the host side of a start needs to know of the container; the same for the command and for the daemon. */
export interface LaunchContext {
  readonly id: string;
  /** Absolute: hooks run in it. */
  readonly bundle: string;
  readonly spec: RuntimeSpec;
  /** Absolute path of the root file system on the host. */
  readonly rootfs: string;
  readonly log: Log;
  /** Of the command; the daemon's own are where its spec says. */
  readonly cgroup?: CgroupPlace;
  readonly rootless?: boolean;
}
