/** What a plan may ask of its client (docs/plan.md, `ask`): one token a question, in the order they come. */
export const askToken = {
  /** The user namespace is there: write its maps with newuidmap and newgidmap. Rootless only. */
  idMaps: 1,
  /** Namespaces, cgroup and file tree are there, the pivot has not happened: prestart and createRuntime hooks, network devices. */
  createRuntime: 2,
  /** Fill the tmpfs mounts of `tmpcopyup`; the root is mounted, they are, the pivot has not happened. */
  copyUp: 3,
  /** The container is created: answered by `start`. Always with `keep`. */
  created: 4,
  /** The process is there, its cgroup is not: make the scope with this pid (systemd/scope.ts). Before all others but idMaps. */
  createScope: 5,
} as const;

export type AskToken = (typeof askToken)[keyof typeof askToken];
