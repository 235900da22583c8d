import type { CallContext } from '@berth/model/context';

/** The engine as a whole. */
export interface SystemService {
  readonly identity: EngineIdentity;
  info(context: CallContext): Promise<SystemInfo>;
  /** Ends the daemon once the answer is out; containers go on. */
  shutdown(): void;
}

export interface EngineIdentity {
  readonly version: string;
  readonly pid: number;
  readonly root: string;
  readonly run: string;
}

export interface SystemInfo {
  readonly containers: { readonly running: number; readonly paused: number; readonly stopped: number };
  readonly images: number;
  readonly snapshotter: string;
  /** Names of the runtimes that a container may ask for; the first is the default. */
  readonly runtimes: readonly string[];
  readonly cgroup: { readonly version: 1 | 2; readonly driver: string };
  readonly kernel: string;
  readonly architecture: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly warnings: readonly string[];
}
