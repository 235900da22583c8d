import { existsSync } from 'node:fs';
import path from 'node:path';
import { BerthError } from '@berth/model/error';
import * as v from 'valibot';

/** The Kubernetes door: `[cri]` in berthd.toml. */
export interface CriSettings {
  /** Where CRI clients connect, besides the daemon's own socket. */
  readonly sockets: readonly string[];
  /** Runs pods that name no handler. */
  readonly defaultRuntime: string;
  /** Image whose program is a sandbox's process; empty: the engine's own, which needs no image. */
  readonly pauseImage: string;
  /** Of the server of exec, attach and port-forward. */
  readonly streaming: StreamingSettings;
  readonly cgroupDriver: 'cgroupfs' | 'systemd';
  /** For containers that ask for no seccomp profile. */
  readonly unsetSeccomp: 'unconfined' | 'runtime-default';
  readonly cdiFolders: readonly string[];
  /** Bytes of a container's line that are kept together in its log. */
  readonly maxLogLineSize: number;
}

export interface StreamingSettings {
  readonly address: string;
  /** 0: one that is free. */
  readonly port: number;
  /** Milliseconds without a byte, after which a session ends. */
  readonly idleTimeout: number;
}

const absolutePath = v.pipe(v.string(), v.startsWith('/', 'must be an absolute path'));
const between = (least: number, most: number) =>
  v.pipe(
    v.number(),
    v.integer(),
    v.minValue(least, `must be ${least} or more`),
    v.maxValue(most, `must be ${most} or less`),
  );

/** `4h`, `90s`, `1h30m`. */
const duration = v.pipe(
  v.string(),
  v.regex(/^(?=.)(?:\d+h)?(?:\d+m)?(?:\d+s)?$/, "must be a time such as '4h' or '1m30s'"),
);

export const criSchema = v.strictObject({
  sockets: v.optional(v.array(absolutePath)),
  default_runtime: v.optional(v.string()),
  pause_image: v.optional(v.string()),
  stream_address: v.optional(v.string()),
  stream_port: v.optional(between(0, 65_535)),
  stream_idle_timeout: v.optional(duration),
  cgroup_driver: v.optional(v.picklist(['auto', 'cgroupfs', 'systemd'])),
  unset_seccomp_profile: v.optional(v.picklist(['', 'unconfined', 'runtime-default'])),
  cdi_folders: v.optional(v.array(absolutePath)),
  max_log_line_size: v.optional(between(256, 1 << 20)),
});

export type CriFileSettings = v.InferOutput<typeof criSchema>;

/** What the rest of the configuration says. */
export interface CriSurroundings {
  /** The daemon's own, where CRI clients are welcome anyway. */
  readonly socket?: string;
  /** Names of the runtimes that are configured. */
  readonly runtimes?: readonly string[];
}

/** @throws invalid_argument (`bad_configuration`) naming the key */
export function readCriSettings(
  settings: CriFileSettings = {},
  { socket, runtimes = [] }: CriSurroundings = {},
): CriSettings {
  const sockets = new Set((settings.sockets ?? []).map((each) => path.normalize(each)));
  return {
    sockets: [...sockets].filter((each) => each !== socket),
    defaultRuntime: knownRuntime(settings.default_runtime ?? 'berth', runtimes),
    pauseImage: settings.pause_image ?? '',
    streaming: {
      address: settings.stream_address ?? '127.0.0.1',
      port: settings.stream_port ?? 0,
      idleTimeout: milliseconds(settings.stream_idle_timeout ?? '4h'),
    },
    cgroupDriver: cgroupDriver(settings.cgroup_driver ?? 'auto'),
    unsetSeccomp: settings.unset_seccomp_profile === 'runtime-default' ? 'runtime-default' : 'unconfined',
    cdiFolders: settings.cdi_folders ?? ['/etc/cdi', '/var/run/cdi'],
    maxLogLineSize: settings.max_log_line_size ?? 16_384,
  };
}

function knownRuntime(name: string, runtimes: readonly string[]): string {
  if (name === 'berth' || runtimes.includes(name)) return name;
  throw new BerthError('invalid_argument', `cri.default_runtime is '${name}', which is not configured`, {
    code: 'bad_configuration',
    hint: `add [runtimes.${name}], or choose one of ${['berth', ...runtimes].join(', ')}`,
  });
}

function milliseconds(text: string): number {
  const [, hours = 0, minutes = 0, seconds = 0] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text) ?? [];
  return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
}

/** As kubelet chooses where it is not told: systemd's slices where systemd is the init of this machine (sd_booted(3)). */
function cgroupDriver(wanted: 'auto' | 'cgroupfs' | 'systemd'): 'cgroupfs' | 'systemd' {
  if (wanted !== 'auto') return wanted;
  return existsSync('/run/systemd/system') ? 'systemd' : 'cgroupfs';
}
