import type { Log } from '@berth/model/context';
import type { RuntimeSpec } from '@berth/model/runtime-spec';

/** All that the host side of a start needs to know of the container; the same for the command and for the daemon. */
export interface LaunchContext {
  readonly id: string;
  /** Absolute: hooks run in it. */
  readonly bundle: string;
  readonly spec: RuntimeSpec;
  /** Absolute path of the root file system on the host. */
  readonly rootfs: string;
  readonly log: Log;
}
