import type { FilterProgram } from './bridge/packet-filter.ts';
import type { Launcher } from '@berth/runtime/shim/launcher';

/** `[network]` of the configuration. */
export interface NetworkSettings {
  /** Whether the bridge that is built in serves pods where there is no CNI configuration. */
  readonly builtin: boolean;
  /** Folder with the CNI configuration. */
  readonly confFolder: string;
  /** Folders with plugins; the first that has one counts. */
  readonly binFolders: readonly string[];
  /** Where results of plugins are kept, in libcni's form; one of the root folder when absent. Of this engine alone. */
  readonly cacheFolder?: string | undefined;
  /** Ranges of the built-in bridge, one of each family at most. */
  readonly subnet: string;
  /** Name of the bridge. */
  readonly bridge: string;
  /** A CNI configuration with a place for the ranges that kubelet tells (`UpdateRuntimeConfig`). */
  readonly template?: string | undefined;
}

export interface PodNetworkSettings extends NetworkSettings {
  /** Folder of this engine for what must outlive a reboot: attachments, addresses that are given out. */
  readonly state: string;
  /** Makes the built-in bridge's rules; the first that is installed when absent. */
  readonly filter?: FilterProgram;
  /** Forks the plugins. */
  readonly launcher: Launcher;
}
