import { switchFlag, textFlag } from './flag.ts';

/** The flags before the verb. */
export const globalFlags = {
  debug: switchFlag('write debug lines to the log'),
  log: textFlag('the file to write log lines to (default: standard error)'),
  'log-format': textFlag("the form of log lines: 'text' or 'json'", { initial: 'text' }),
  root: textFlag('the folder with the state of containers, best on a tmpfs (default: "/run/berth-oci")'),
  criu: textFlag('ignored: criu is looked for in PATH', { hidden: true }),
  'systemd-cgroup': switchFlag('let systemd make the cgroups; cgroupsPath has the form "slice:prefix:name" then'),
  rootless: textFlag("go on without the cgroups that may not be made: 'true', 'false' or 'auto'", {
    initial: 'auto',
  }),
  version: switchFlag('print the version', { short: 'v' }),
} as const;
