/** A program with runc's command line, as the configuration names it. */
export interface CommandRuntimeOptions {
  readonly name: string;
  /** Absolute path. */
  readonly binary: string;
  /** Folder of its state: `--root`. */
  readonly root: string;
  /** Folder of the cgroup hierarchies that a first trial may make its cgroup in. */
  readonly cgroupParent: string;
}
