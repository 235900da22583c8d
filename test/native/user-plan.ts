/** Plans with a user namespace: the shim opens what root in there may not, and writes the maps. */
import type { PlanRecord } from '../../packages/runtime/src/plan/record.ts';
import { encodeList } from '../../packages/runtime/src/plan/encode.ts';
import { CLONE, MS, plainPlan, type PlanOptions } from './plans.ts';

export const NEWUSER = 0x10000000;
export const NEWCGROUP = 0x2000000;
export const NEWTIME = 0x80;
/** Ids of the container start here on the host. */
export const firstId = 100_000;
export const idMap = `0 ${firstId} 65536\n`;

const c = 'container' as const;
const mapped = 200;

export type Tree = Extract<PlanRecord, { kind: 'tree_open' }>;

export function treeOpen(slot: number, source: string, extra: Partial<Tree> = {}): PlanRecord {
  return {
    kind: 'tree_open',
    track: 'host',
    slot,
    source,
    recursive: 1,
    set: 0,
    clear: 0,
    propagation: 0,
    recursiveAttributes: 0,
    recursiveMapping: 0,
    uidMap: '',
    gidMap: '',
    ...extra,
  };
}

export const treeAttach = (slot: number, target: string): PlanRecord => ({
  kind: 'tree_attach',
  track: c,
  slot,
  target,
});

export const fsMount = (
  type: string,
  target: string,
  options: readonly string[] = [],
  attributes = 0xe,
): PlanRecord => ({
  kind: 'fs_mount',
  track: c,
  type,
  target,
  options: encodeList(options),
  attributes,
  mode: 0o755,
});

/** Host records around spawn: `early` before it; the maps after it, if `flags` make a namespace. */
export function withHost(
  plan: { records: PlanRecord[] },
  early: readonly PlanRecord[],
  late: readonly PlanRecord[] = [],
): { records: PlanRecord[] } {
  const at = plan.records.findIndex(({ kind }) => kind === 'spawn');
  return {
    records: [...plan.records.slice(0, at), ...early, plan.records[at]!, ...late, ...plan.records.slice(at + 1)],
  };
}

export const mapRecords: readonly PlanRecord[] = [
  { kind: 'write_file', track: 'host', path: 'uid_map', data: idMap },
  { kind: 'write_file', track: 'host', path: 'gid_map', data: idMap },
  { kind: 'post', track: 'host', token: mapped },
];

export const becomeRoot: readonly PlanRecord[] = [
  { kind: 'wait', track: c, token: mapped },
  { kind: 'user', track: c, uid: 0, gid: 0 },
];

const allSpaces = CLONE.NEWNS | CLONE.NEWUTS | CLONE.NEWIPC | CLONE.NEWNET | NEWCGROUP;

/** The root and what every container has in it, as root of the user namespace. */
export function userRoot(root: string): PlanRecord[] {
  return [
    { kind: 'unshare', track: c, flags: allSpaces },
    { kind: 'mount', track: c, source: '', target: '/', type: '', data: '', cwd: '', flags: MS.REC | MS.SLAVE },
    { kind: 'mount', track: c, source: root, target: root, type: '', data: '', cwd: '', flags: MS.BIND | MS.REC },
    { kind: 'root_open', track: c, path: root },
    fsMount('proc', '/proc'),
    fsMount('tmpfs', '/dev', ['mode=755', 'size=65536k'], 2),
    fsMount('devpts', '/dev/pts', ['newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'], 0xa),
    fsMount('mqueue', '/dev/mqueue'),
    fsMount('tmpfs', '/dev/shm', ['mode=1777'], 0xe),
    fsMount('sysfs', '/sys', [], 0xf),
    treeAttach(1, '/dev/null'),
    { kind: 'symlink', track: c, target: 'pts/ptmx', path: '/dev/ptmx' },
    { kind: 'loopback_up', track: c },
    { kind: 'sethostname', track: c, name: 'mapped' },
    { kind: 'setdomainname', track: c, name: 'domain' },
    { kind: 'sysctl', track: c, path: 'net/ipv4/ip_unprivileged_port_start', value: '0' },
  ];
}

export const hidePaths: readonly PlanRecord[] = [
  { kind: 'pivot_root', track: c },
  { kind: 'root_open', track: c, path: '/' },
  { kind: 'make_readonly', track: c, path: '/proc/sys' },
  { kind: 'mask', track: c, path: '/proc/kcore' },
  { kind: 'mask', track: c, path: '/proc/scsi' },
  { kind: 'mask', track: c, path: '/sys/firmware' },
  { kind: 'root_attributes', track: c, set: 1, propagation: 0 },
];

/** A whole container in a user namespace of its own. */
export function userPlan(
  dir: string,
  root: string,
  argv: readonly string[],
  options: PlanOptions & { readonly early?: readonly PlanRecord[] } = {},
): { records: PlanRecord[] } {
  const terminal: PlanRecord = { kind: 'terminal', track: c, rows: 24, columns: 80, uid: 0, gid: 5, console: 1 };
  const plan = plainPlan(dir, argv, {
    ...options,
    flags: NEWUSER | CLONE.NEWPID,
    inside: [
      ...becomeRoot,
      ...userRoot(root),
      ...(options.inside ?? []),
      ...(options.terminal ? [terminal] : []),
      ...hidePaths,
    ],
  });
  return withHost(plan, [treeOpen(1, '/dev/null'), ...(options.early ?? [])], mapRecords);
}
