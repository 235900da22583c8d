import { BerthError } from '@berth/model/error';
import type { ContainerCreate } from '@berth/wire/native/api';
import type { containerFlags } from './container-flags.ts';
import type { FlagValues } from './flag/spec.ts';
import { readEnvironmentFile, resolveVariable } from './value/environment.ts';
import { parseLabels, readLabelFile } from './value/key-value.ts';
import { parseSecurityOptions } from './value/security-option.ts';

export type ContainerFlagValues = FlagValues<typeof containerFlags>;

/** What `run` and `create` ask the daemon for. @throws invalid_argument */
export function containerRequest(
  flags: ContainerFlagValues,
  [image = '', ...command]: readonly string[],
  env: NodeJS.ProcessEnv,
): ContainerCreate {
  return defined({
    image,
    name: flags.name,
    // Without a command of its own a container takes the image's.
    command: command.length === 0 ? undefined : command,
    entrypoint: entrypoint(flags.entrypoint),
    env: some(environment(flags, env)),
    labels: labels(flags),
    hostname: flags.hostname,
    user: flags.user,
    workingDir: workingDir(flags.workdir),
    tty: flags.tty || undefined,
    openStdin: flags.interactive || undefined,
    autoRemove: flags.rm || undefined,
    privileged: flags.privileged || undefined,
    capAdd: some(flags['cap-add']),
    capDrop: some(flags['cap-drop']),
    network: flags.network ?? flags.net,
    pid: flags.pid,
    ipc: flags.ipc,
    uts: flags.uts,
    runtime: flags.runtime,
    stopSignal: flags['stop-signal'],
    stopTimeout: flags['stop-timeout'],
    injectFailure: flags['inject-failure'],
    ...storage(flags),
    ...limits(flags),
    ...parseSecurityOptions(flags['security-opt']),
  });
}

function storage(flags: ContainerFlagValues): Optional {
  const binds = flags.mount.flatMap((wish) => ('bind' in wish ? [wish.bind] : []));
  const temporary = flags.mount.flatMap((wish) => ('tmpfs' in wish ? [wish.tmpfs] : []));
  return {
    mounts: some([...flags.volume, ...binds]),
    tmpfs: some([...flags.tmpfs, ...temporary]),
    readonlyRootfs: flags['read-only'] || undefined,
    shmSize: flags['shm-size'],
  };
}

function limits(flags: ContainerFlagValues): Optional {
  return {
    memory: flags.memory,
    memorySwap: flags['memory-swap'],
    memoryReservation: flags['memory-reservation'],
    nanoCpus: flags.cpus ?? quotaAsCores(flags['cpu-quota'], flags['cpu-period']),
    cpuShares: flags['cpu-shares'],
    cpusetCpus: flags['cpuset-cpus'],
    pidsLimit: flags['pids-limit'],
    oomScoreAdj: flags['oom-score-adj'],
    ulimits: some(flags.ulimit),
    sysctls: flags.sysctl.length === 0 ? undefined : Object.fromEntries(flags.sysctl),
  };
}

/** The kernel's default period is 100 ms. */
function quotaAsCores(quota: number | undefined, period = 100_000): number | undefined {
  return quota === undefined || quota <= 0 ? undefined : Math.round((quota / period) * 1e9);
}

/** `--entrypoint ""` takes the image's away; docker's takes one word, arguments belong to the command. */
function entrypoint(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  return text === '' ? [] : [text];
}

function environment(flags: Pick<ContainerFlagValues, 'env' | 'env-file'>, env: NodeJS.ProcessEnv): readonly string[] {
  const fromFiles = flags['env-file'].flatMap((file) => readEnvironmentFile(file, env));
  return [...fromFiles, ...flags.env.flatMap((text) => resolveVariable(text, env))];
}

function labels(flags: ContainerFlagValues): Readonly<Record<string, string>> | undefined {
  const texts = [...flags['label-file'].flatMap(readLabelFile), ...flags.label];
  return texts.length === 0 ? undefined : parseLabels(texts);
}

function workingDir(folder: string | undefined): string | undefined {
  if (folder === undefined || folder.startsWith('/')) return folder;
  throw new BerthError(
    'invalid_argument',
    `the working directory '${folder}' is invalid, it needs to be an absolute path`,
  );
}

type Optional = { readonly [K in keyof ContainerCreate]?: ContainerCreate[K] | undefined };

function some<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** Without the fields that nobody asked for: absent means the default, and the daemon refuses null. */
function defined(wish: Optional & { readonly image: string }): ContainerCreate {
  return Object.fromEntries(
    Object.entries(wish).filter(([, value]) => value !== undefined),
  ) as unknown as ContainerCreate;
}
