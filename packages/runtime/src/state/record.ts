import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IntelRdtSpec, RuntimeSpec } from '@berth/model/runtime-spec';
import { BerthError, errnoName } from '@berth/model/error';
import type { CgroupPlace } from '../cgroup/place.ts';
import { writeAtomically } from './atomic-file.ts';

/** What a container's folder says of it, `state.json`. Times are RFC 3339. */
export interface StateRecord {
  readonly version: 1;
  readonly id: string;
  readonly ociVersion: string;
  /** 0 while it is being created. */
  readonly pid: number;
  /** Clock ticks since boot, from /proc/PID/stat: tells a reused pid. */
  readonly startTime: number;
  /** Absolute. */
  readonly bundle: string;
  /** Absolute. */
  readonly rootfs: string;
  readonly created: string;
  /** The name or number of the user who created it. */
  readonly owner: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly cgroup: CgroupRecord;
  readonly rootless: boolean;
  /** With `linux.intelRdt`, or after an update that set it. */
  readonly cacheShare?: CacheShare;
}

/** The container's group of resctrl (resctrl/records.ts). */
export interface CacheShare {
  /** Where resctrl is mounted. */
  readonly root: string;
  readonly spec: IntelRdtSpec;
}

/** Where its cgroups are, and what else is to be removed with it. */
export interface CgroupRecord extends CgroupPlace {
  /** Empty when it has none of its own (rootless without delegation). */
  readonly path: string;
}

export const stateFile = 'state.json';
/** The spec as it was at create: the bundle may change or go. */
export const specFile = 'config.json';
/** The gate of the created container (docs/plan.md, `gate_listen`). */
export const gateFile = 'start.sock';

/** Durable: a container that anybody knows of can be deleted. */
export function writeRecord(folder: string, record: StateRecord): void {
  writeAtomically(join(folder, stateFile), `${JSON.stringify(record)}\n`, { durable: true });
}

/** Undefined when it is not there (yet, or any more). @throws data_loss when it is not what we write */
export function readRecord(folder: string): StateRecord | undefined {
  const text = read(join(folder, stateFile));
  if (text === undefined) return undefined;
  const record = parse(text, folder);
  if (record.version === 1 && typeof record.id === 'string' && Number.isInteger(record.pid)) return record;
  throw broken(folder, undefined);
}

export function writeSpec(folder: string, spec: RuntimeSpec): void {
  writeAtomically(join(folder, specFile), JSON.stringify(spec, plainInteger));
}

/** The spec of a container, as it was validated at create. @throws not_found */
export function readSpec(folder: string): RuntimeSpec {
  const text = read(join(folder, specFile));
  if (text === undefined) throw new BerthError('not_found', `${join(folder, specFile)}: no such file or directory`);
  return JSON.parse(text, reviveInteger) as RuntimeSpec;
}

/** TypeScript does not know `JSON.rawJSON` yet. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

function plainInteger(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(String(value)) : value;
}

interface Source {
  readonly source: string;
}

/** Integers beyond 2^53 are bigints, as the model has them. */
function reviveInteger(_: string, value: unknown, context?: Source): unknown {
  const exact = typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value);
  return exact || context === undefined || !/^-?\d+$/.test(context.source) ? value : BigInt(context.source);
}

function parse(text: string, folder: string): StateRecord {
  try {
    return JSON.parse(text) as StateRecord;
  } catch (cause) {
    throw broken(folder, cause);
  }
}

function broken(folder: string, cause: unknown): BerthError {
  return new BerthError('data_loss', `${join(folder, stateFile)} is not a container's state`, {
    code: 'bad_state',
    hint: 'delete --force removes it',
    cause,
  });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoName(error) ?? '')) return undefined;
    throw error;
  }
}
