/** Plans written by hand: a plain program, a whole container, an exec in it. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { encodeList } from '../../packages/runtime/src/plan/encode.ts';
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';

const programs = join(import.meta.dirname, 'programs');
const buildDir = join(import.meta.dirname, '../../build/test');

/** A static helper program, built once from programs/NAME.c. */
export function program(name: string): string {
  const output = join(buildDir, name);
  const source = join(programs, `${name}.c`);
  mkdirSync(buildDir, { recursive: true });
  const built = spawnSync('cc', ['-O2', '-static', '-o', output, source], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  return output;
}

/** A root file system with busybox and the folders that mounts go to. */
export function makeRoot(dir: string): string {
  const root = join(dir, 'root');
  for (const folder of ['bin', 'dev', 'proc', 'sys', 'etc', 'tmp']) mkdirSync(join(root, folder), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  chmodSync(join(root, 'bin/busybox'), 0o755);
  for (const name of [
    'sh',
    'cat',
    'echo',
    'true',
    'sleep',
    'stty',
    'ls',
    'kill',
    'ps',
    'dd',
    'seq',
    'env',
    'id',
    'hostname',
    'mount',
    'head',
    'tty',
    'readlink',
    'tr',
    'mkdir',
    'mknod',
    'wc',
    'stat',
    'grep',
  ]) {
    symlinkSync('busybox', join(root, 'bin', name));
  }
  return root;
}

export const CLONE = {
  NEWNS: 0x20000,
  NEWUTS: 0x4000000,
  NEWIPC: 0x8000000,
  NEWPID: 0x20000000,
  NEWNET: 0x40000000,
} as const;
export const MS = { REC: 0x4000, PRIVATE: 0x40000, SLAVE: 0x80000, BIND: 0x1000, RDONLY: 1 } as const;
export const S_IFCHR = 0o020000;

const host = 'host' as const;
const container = 'container' as const;

export interface PlanOptions {
  readonly stdin?: boolean;
  readonly terminal?: boolean;
  readonly log?: string;
  readonly logMaxBytes?: number;
  readonly logMaxFiles?: number;
  readonly logLineMax?: number;
  readonly logDropReturns?: number;
  readonly flags?: number;
  /** Records between spawn and the last ones. */
  readonly inside?: readonly PlanRecord[];
}

export function paths(dir: string, name = 's') {
  return { socket: join(dir, name), journal: join(dir, `${name}.journal`), log: join(dir, `${name}.log`) };
}

/** A program on the host's own file system, in no namespace of its own. */
export function plainPlan(dir: string, argv: readonly string[], options: PlanOptions = {}): { records: PlanRecord[] } {
  const { socket, journal } = paths(dir);
  return {
    records: [
      {
        kind: 'shim',
        track: host,
        socket,
        journal,
        log: options.log ?? '',
        logMaxBytes: options.logMaxBytes ?? 0,
        logMaxFiles: options.logMaxFiles ?? 1,
        logLineMax: options.logLineMax ?? 16_384,
        logDropReturns: options.logDropReturns ?? 0,
      },
      ...processRecords(argv, options),
    ],
  };
}

/** The part that a first start and an exec have in common. */
export function processRecords(argv: readonly string[], options: PlanOptions = {}): PlanRecord[] {
  return [
    { kind: 'stdio', track: host, stdin: options.stdin ? 1 : 0, terminal: options.terminal ? 1 : 0 },
    { kind: 'spawn', track: host, flags: options.flags ?? 0, cgroup: '' },
    { kind: 'umask', track: container, mask: 0 },
    { kind: 'setsid', track: container },
    ...(options.inside ?? []),
    { kind: 'umask', track: container, mask: 0o22 },
    ...(options.terminal ? [] : [{ kind: 'stdio_attach' as const, track: container, uid: 0, gid: 0 }]),
    {
      kind: 'execve',
      track: container,
      candidates: encodeList([argv[0]!]),
      argv: encodeList(argv),
      env: encodeList(['PATH=/bin', 'A=b']),
    },
  ];
}

/** A whole container: namespaces, mounts, devices, masked paths, pivot_root. */
export function containerPlan(
  dir: string,
  argv: readonly string[],
  options: PlanOptions = {},
): { records: PlanRecord[] } {
  const flags = CLONE.NEWNS | CLONE.NEWUTS | CLONE.NEWIPC | CLONE.NEWPID | CLONE.NEWNET;
  return plainPlan(dir, argv, {
    ...options,
    flags,
    inside: [
      ...rootRecords(join(dir, 'root'), options.terminal),
      ...(options.inside ?? []),
      { kind: 'pivot_root', track: container },
    ],
  });
}

function device(name: string, major: number, minor: number): PlanRecord {
  const path = `/dev/${name}`;
  return { kind: 'mknod', track: container, path, mode: S_IFCHR | 0o666, major, minor, uid: 0, gid: 0 };
}

export function rootRecords(root: string, terminal = false): PlanRecord[] {
  const c = container;
  return [
    { kind: 'mount', track: c, source: '', target: '/', type: '', data: '', cwd: '', flags: MS.REC | MS.PRIVATE },
    { kind: 'mount', track: c, source: root, target: root, type: '', data: '', cwd: '', flags: MS.BIND | MS.REC },
    { kind: 'root_open', track: c, path: root },
    { kind: 'fs_mount', track: c, type: 'proc', target: '/proc', options: '', attributes: 0xe, mode: 0o555 },
    {
      kind: 'fs_mount',
      track: c,
      type: 'tmpfs',
      target: '/dev',
      options: encodeList(['mode=755', 'size=65536k']),
      attributes: 2,
      mode: 0o755,
    },
    {
      kind: 'fs_mount',
      track: c,
      type: 'devpts',
      target: '/dev/pts',
      options: encodeList(['newinstance', 'ptmxmode=0666', 'mode=0620']),
      attributes: 0xa,
      mode: 0o755,
    },
    { kind: 'fs_mount', track: c, type: 'sysfs', target: '/sys', options: '', attributes: 0xf, mode: 0o555 },
    device('null', 1, 3),
    device('zero', 1, 5),
    device('tty', 5, 0),
    { kind: 'symlink', track: c, target: 'pts/ptmx', path: '/dev/ptmx' },
    { kind: 'mkdir', track: c, path: '/run/made', mode: 0o1777, uid: 1, gid: 2 },
    { kind: 'loopback_up', track: c },
    { kind: 'sethostname', track: c, name: 'box' },
    { kind: 'sysctl', track: c, path: 'net/ipv4/ip_unprivileged_port_start', value: '0' },
    ...(terminal ? [{ kind: 'terminal' as const, track: c, rows: 24, columns: 80, uid: 0, gid: 0, console: 1 }] : []),
    { kind: 'make_readonly', track: c, path: '/proc/sys' },
    { kind: 'mask', track: c, path: '/proc/kcore' },
    { kind: 'mask', track: c, path: '/proc/scsi' },
    { kind: 'mask', track: c, path: '/proc/irq' },
    { kind: 'mask', track: c, path: '/proc/not-there' },
  ];
}

/** A process joined to the container's first one. */
export function execPlan(argv: readonly string[], options: PlanOptions = {}): { records: PlanRecord[] } {
  const flags = CLONE.NEWNS | CLONE.NEWUTS | CLONE.NEWIPC | CLONE.NEWPID | CLONE.NEWNET;
  return {
    records: [
      { kind: 'join_pid', track: host, path: '' },
      ...processRecords(argv, {
        ...options,
        inside: [
          { kind: 'setns', track: container, flags, path: '' },
          ...(options.terminal
            ? [
                { kind: 'root_open' as const, track: container, path: '/' },
                { kind: 'terminal' as const, track: container, rows: 10, columns: 20, uid: 0, gid: 0, console: 0 },
              ]
            : []),
          ...(options.inside ?? []),
        ],
      }),
    ],
  };
}
