import type { RuntimeSpec } from '@berth/model/runtime-spec';
import type { ContainerCreate, ContainerDetail, ContainerState } from '@berth/wire/native/api';

/** Docker's way to say that a time is unset. */
const noTime = '0001-01-01T00:00:00Z';

type Fields = Readonly<Record<string, unknown>>;

/** A container in the shape of docker's inspect; what docker has not comes last. */
export function containerInspection(detail: ContainerDetail): Fields {
  const { id, createdAt, args, imageId, name, config, state } = detail;
  const spec = detail.spec as RuntimeSpec | null;
  return {
    Id: id,
    Created: createdAt,
    Path: args[0] ?? '',
    Args: args.slice(1),
    State: stateFields(state),
    Image: imageId,
    LogPath: detail.logPath,
    // Docker has the slash from the days of links.
    Name: `/${name}`,
    RestartCount: 0,
    Platform: 'linux',
    ExecIDs: detail.execs.length === 0 ? null : detail.execs,
    HostConfig: hostFields(detail),
    Mounts: mountFields(config),
    Config: configFields(detail, spec),
    NetworkSettings: { Networks: {}, Ports: {}, IPAddress: '' },
    CgroupPath: detail.cgroupPath,
    SnapshotKey: detail.snapshotKey,
    Namespace: detail.namespace,
    Pod: detail.pod ?? null,
    Spec: spec,
  };
}

function stateFields(state: ContainerState): Fields {
  const { status, pid, exitCode, oomKilled, error, startedAt, finishedAt } = state;
  return {
    Status: status,
    // Docker calls a paused container running, too.
    Running: status === 'running' || status === 'paused',
    Paused: status === 'paused',
    Restarting: false,
    OOMKilled: oomKilled,
    Dead: status === 'dead',
    Pid: pid,
    ExitCode: exitCode,
    Error: error,
    StartedAt: startedAt === '' ? noTime : startedAt,
    FinishedAt: finishedAt === '' ? noTime : finishedAt,
  };
}

/** The image's values and the user's together, as they will take effect: the spec has them. */
function configFields({ id, config, image, stopSignal }: ContainerDetail, spec: RuntimeSpec | null): Fields {
  return {
    Hostname: config.hostname ?? spec?.hostname ?? id.slice(0, 12),
    User: config.user ?? '',
    Tty: config.tty ?? false,
    OpenStdin: config.openStdin ?? false,
    StdinOnce: config.stdinOnce ?? false,
    Env: spec?.process.env ?? config.env ?? [],
    Cmd: config.command ?? null,
    Image: image,
    WorkingDir: config.workingDir ?? spec?.process.cwd ?? '',
    Entrypoint: config.entrypoint ?? null,
    Labels: config.labels ?? {},
    StopSignal: stopSignal,
    ...(config.stopTimeout === undefined ? {} : { StopTimeout: config.stopTimeout }),
  };
}

function hostFields({ config, runtime }: ContainerDetail): Fields {
  return {
    Binds: binds(config),
    NetworkMode: config.network ?? 'default',
    PidMode: config.pid ?? '',
    IpcMode: config.ipc ?? 'private',
    UTSMode: config.uts ?? '',
    Runtime: runtime,
    AutoRemove: config.autoRemove ?? false,
    Privileged: config.privileged ?? false,
    ReadonlyRootfs: config.readonlyRootfs ?? false,
    CapAdd: config.capAdd ?? null,
    CapDrop: config.capDrop ?? null,
    SecurityOpt: securityOptions(config),
    Tmpfs: Object.fromEntries((config.tmpfs ?? []).map(({ target, options }) => [target, options.join(',')])),
    Memory: config.memory ?? 0,
    MemorySwap: config.memorySwap ?? 0,
    MemoryReservation: config.memoryReservation ?? 0,
    NanoCpus: config.nanoCpus ?? 0,
    CpuShares: config.cpuShares ?? 0,
    CpusetCpus: config.cpusetCpus ?? '',
    PidsLimit: config.pidsLimit ?? null,
    ShmSize: config.shmSize ?? 67_108_864,
    OomScoreAdj: config.oomScoreAdj ?? 0,
    Sysctls: config.sysctls ?? {},
    Ulimits: (config.ulimits ?? []).map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  };
}

function binds({ mounts }: ContainerCreate): readonly string[] | null {
  if (mounts === undefined || mounts.length === 0) return null;
  return mounts.map(({ source, target, readonly }) => `${source}:${target}${readonly === true ? ':ro' : ''}`);
}

function securityOptions({ seccomp, noNewPrivileges }: ContainerCreate): readonly string[] | null {
  const options = [
    ...(seccomp === undefined ? [] : [`seccomp=${seccomp}`]),
    ...(noNewPrivileges === true ? ['no-new-privileges'] : []),
  ];
  return options.length === 0 ? null : options;
}

function mountFields({ mounts = [] }: ContainerCreate): readonly Fields[] {
  return mounts.map(({ source, target, readonly, propagation }) => ({
    Type: 'bind',
    Source: source,
    Destination: target,
    Mode: readonly === true ? 'ro' : '',
    RW: readonly !== true,
    Propagation: propagation ?? 'rprivate',
  }));
}
